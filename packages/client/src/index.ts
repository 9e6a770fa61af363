export { callWithToken } from "./call-with-token.ts";
export type {
  Authorization,
  AuthorizeInput,
  Completed,
  Confirmed,
  ConfirmInput,
  ConnectAnswer,
  ConnectLinkInput,
  ConnectRefusalCode,
  Pending,
  ReturnQuery,
} from "./contract/connect.ts";
export type {
  ConnectionChange,
  ConnectionFilter,
  ConnectionView,
  Imported,
  ImportInput,
  KeepReason,
  ProviderHealth,
} from "./contract/connections.ts";
export type { Evertoken } from "./contract/evertoken.ts";
export { type ErrorDetails, EvertokenError, type EvertokenErrorCode, errorCodes } from "./contract/evertoken-error.ts";
export type { BulkOptions, BulkReport, RefreshAttempt, RequestedSync, Scheduled } from "./contract/refreshes.ts";
export type {
  AccessToken,
  AccessTokenOptions,
  ConnectionStatus,
  RefreshOptions,
  Target,
  TokenStatus,
  TokenWarning,
  WithAccessTokenOptions,
} from "./contract/token.ts";
export { createEvertoken } from "./create-evertoken.ts";
export type { EvertokenOptions, Fetch } from "./settings.ts";
export {
  verifyWebhook,
  type WebhookCrypto,
  type WebhookEvent,
  type WebhookOptions,
  type WebhookRequest,
} from "./verify-webhook.ts";
