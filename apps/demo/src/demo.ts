export { type FollowAuthorizationOptions, followAuthorization } from "./follow-authorization.ts";
export { type ObtainGrantOptions, obtainGrant, type TokenResponse } from "./obtain-grant.ts";
export type { DemoRecord, PresentedToken } from "./presentation-record.ts";
export { type DemoProvider, type DemoProviderOptions, startDemoProvider } from "./start-demo-provider.ts";
