export { endpointPaths, endpointsOf, originOf, pathsOf } from "./addresses.ts";
export { authorizeUrl } from "./authorize-url.ts";
export { catalogue } from "./catalogue/index.ts";
export { classify } from "./classify.ts";
export { type DerivedAnswer, type DerivedToken, derivedRequest, readDerived } from "./derived.ts";
export {
  describeProvider,
  judgePasted,
  maskedRefreshRequest,
  type PastedAnswer,
  type ProviderDescription,
} from "./describe-provider.ts";
export { discover, discoverEndpoints } from "./discovery.ts";
export { prefixOf } from "./env.ts";
export { errorWords } from "./error-words.ts";
export { createExchange, type Exchange, type ExchangeOptions, type SendOptions, tooLate } from "./exchange.ts";
export { EndpointFault, metadataFaults } from "./fill-template.ts";
export { whyForeign } from "./foreign-answer.ts";
export { grantEndpoint } from "./grant-endpoint.ts";
export { changesByEncoding, type HttpRequest, type Registration } from "./http-request.ts";
export { type Identity, identityRequest, readIdentity } from "./identity.ts";
export { type LoadedProviders, loadProviders } from "./load-providers.ts";
export { missingScopes } from "./missing-scopes.ts";
export { type PlainProvider, plainDefinition, plainProvider } from "./plain-provider.ts";
export { leadsToPrivateAddress } from "./private-address.ts";
export {
  defineProvider,
  findFaults,
  findUnsafeEndpoints,
  type Provider,
  ProviderFault,
  type ProviderInput,
  type ReadResponse,
} from "./provider.ts";
export type { ErrorRule, Grant, Sample } from "./provider-schema.ts";
export { at } from "./read-body.ts";
export {
  type ConfiguredProvider,
  clientOf,
  configureProvider,
  createProviders,
  fingerprintOf,
  type Origin,
  type Providers,
} from "./registry.ts";
export {
  codeRequest,
  type GrantInput,
  longLivedRequest,
  refreshRequest,
  revokeRequest,
  sentSecrets,
} from "./request.ts";
export { sanitize } from "./sanitize.ts";
export { fillSentValues, hideSentValues, maskSentValues, type SentValues, sentValue } from "./sent-values.ts";
export { type ProviderSettings, readProviderSettings } from "./settings.ts";
