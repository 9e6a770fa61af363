import { z } from "zod";

/** `https://{shop}.example.com/token`: parts in braces are filled from the connection's metadata (see `fillTemplate`). */
const urlTemplate = z
  .string()
  .refine((value) => URL.canParse(value.replaceAll(/\{[a-z_]+\}/g, "x")), "must be a URL")
  .refine(
    (value) => /^https?:\/\//.test(value),
    "must start with https:// (or http:// where private addresses are allowed)",
  );

/** An address that requests are sent to, with secrets or tokens or a user's browser: see addresses.ts. */
export const endpoint = urlTemplate.meta({});

const pattern = z.string().refine(isPattern, "must be a regular expression");
const parameters = z.record(z.string(), z.string());
/** Values that requests to a provider's server carry as they stand, such as an API key of its own: see sent-values.ts. */
export const sentValues = parameters.meta({});

/** RFC 9110 sections 5.1 and 5.5; none of those that say where a request goes or ends, which are the client's. */
const headerName =
  /^(?!(?:connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$)[\w!#$%&'*+.^`|~-]+$/i;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;
export const sentHeaders = z
  .record(z.string(), z.string())
  .refine(
    (headers) => Object.keys(headers).every((name) => headerName.test(name)),
    "one has a name that no header may have, or one of those that say where a request goes or ends (Host, Content-Length ...)",
  )
  .refine(
    (headers) => Object.values(headers).every((value) => headerValue.test(value)),
    "one has characters that no header may have, such as a line break",
  );
const seconds = z
  .number()
  .int()
  .positive()
  .max(100 * 365 * 86_400);

/**
 * How the client proves itself: RFC 6749 section 2.3.1 (`basic`, `post`), Basic without the form-encoding of that section, for servers
 * that do not undo it (`basic_plain`), the secret as a bearer token, the `secret` or the `id` alone as a parameter, or not at all.
 */
export const clientAuth = z.enum(["basic", "basic_plain", "post", "bearer", "secret", "id", "none"]);
/** Where the parameters go. `query` makes it a GET. */
const encoding = z.enum(["form", "json", "query"]);

/** One kind of request to the token endpoint. What is left out falls back to the provider's own fields. */
const grant = z.strictObject({
  url: endpoint.optional(),
  clientAuth: clientAuth.optional(),
  encoding: encoding.optional(),
  /** null: the endpoint wants no `grant_type`. */
  grantType: z.string().nullable().optional(),
  /** The parameter that carries the token or code. */
  tokenParameter: z.string().optional(),
  parameters: sentValues.default({}),
  /** Repeat the granted scopes in the request (RFC 6749 section 6 allows it, Entra wants it). */
  sendScopes: z.boolean().default(false),
});

export const lifetimeUnit = z.enum(["seconds", "milliseconds", "timestamp", "jwt"]);

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const condition = z.union([scalar, z.array(scalar), z.strictObject({ pattern })]);
const statuses = z.union([z.number().int(), z.array(z.number().int())]);

/** First rule that matches wins. All parts that are given must match; `where` maps paths of the body to what they must hold. */
const errorRule = z
  .strictObject({
    status: statuses.optional(),
    where: z.record(z.string(), condition).optional(),
    /** Matched against the whole text of the body. */
    text: pattern.optional(),
    /**
     * The description says that the refresh token itself is invalid, expired, revoked or unknown, and nothing of what else we may have sent
     * wrongly: for providers whose errors have texts and no codes.
     */
    tells: z.literal("dead_refresh_token").optional(),
    judged: z.enum(["denied", "misconfigured", "throttled", "transient", "uncertain", "unknown"]),
    /** For `throttled`: when it differs from the provider's `throttle.scope`. */
    throttleScope: z.enum(["provider", "connection"]).optional(),
    /** Wait that this error is known to need when the answer names none. */
    waitSeconds: seconds.optional(),
  })
  .refine(
    (rule) => rule.status !== undefined || rule.where !== undefined || rule.text !== undefined,
    "matches everything",
  );

const throttle = z.strictObject({
  /** Whose limit it is: the app's (the whole provider pauses) or the account's (only this connection waits). */
  scope: z.enum(["provider", "connection"]).default("provider"),
  /** Read when there is no usable Retry-After. `epoch` and `seconds` are told apart by the file, never guessed. */
  header: z.strictObject({ name: z.string().toLowerCase(), unit: z.enum(["epoch", "seconds", "date"]) }).optional(),
  /** Path of a number of seconds in the body. */
  bodySeconds: z.string().optional(),
});

const answer = z.strictObject({
  /** Objects in which the tokens may be nested, tried after the top level. */
  nestedIn: z.array(z.string()).default([]),
  /**
   * What `expires_in` counts. Stated here, never guessed from the number. `jwt`: no field says it; the access token is a JWT whose `exp`
   * the provider tells clients to read.
   */
  expiresIn: lifetimeUnit.default("seconds"),
  /** The same of a refresh token's, where it differs. */
  refreshExpiresIn: lifetimeUnit.optional(),
  /** Where no access token of this provider lives longer: a lifetime beyond it is one in another unit, and not believed. */
  longestSeconds: seconds.optional(),
  /** The field that lists what was granted. */
  scopes: z.string().default("scope"),
  /** Fields to keep in the connection's metadata, such as `instance_url`. Never tokens. */
  keep: z.array(z.string()).default([]),
  /** A pattern with named groups, which are kept as well when the access token matches: such as the account's number before a dot. */
  inToken: pattern.optional(),
  /** An answer with neither a lifetime nor a refresh token brings a token without an end: that is an option of this provider's apps. */
  endless: z.boolean().default(false),
});

const policy = z.strictObject({
  spends: z.enum(["refresh_token", "access_token", "nothing"]).default("refresh_token"),
  lifetimeSeconds: seconds.nullable(),
  marginSeconds: seconds.nullable().default(null),
  minimumAgeSeconds: z.number().int().nonnegative().default(0),
  rotation: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("none") }),
      z.strictObject({ kind: z.literal("grace"), graceSeconds: seconds }),
      z.strictObject({ kind: z.literal("single_use") }),
    ])
    .default({ kind: "none" }),
  refreshTokenIdleSeconds: seconds.nullable().default(null),
  refreshTokenFixedSeconds: seconds.nullable().default(null),
});

const revoke = z.strictObject({
  url: endpoint,
  method: z.enum(["POST", "DELETE"]).default("POST"),
  /** Which token ends the whole grant. */
  token: z.enum(["refresh_token", "access_token"]).default("refresh_token"),
  /** null: the token is not a parameter, but part of the URL (`{token}`) or of the Authorization header. */
  tokenParameter: z.string().nullable().default("token"),
  tokenAs: z.enum(["parameter", "bearer"]).default("parameter"),
  clientAuth: clientAuth.optional(),
  encoding: encoding.optional(),
});

const identity = z.strictObject({
  /** `{token}` stands for the access token where a provider wants it there. null: what the connection's metadata says is enough. */
  url: endpoint.nullable(),
  headers: sentHeaders.default({}),
  /** Sent as JSON with POST, for GraphQL. */
  body: sentValues.optional(),
  /**
   * Paths of the answer; a name in braces stands for the connection's metadata. Several for `id`, where it takes them all to tell
   * two grants apart (a person in two companies).
   */
  id: z.union([z.string(), z.array(z.string()).min(2)]),
  name: z.string().optional(),
});

/** Tokens that the provider hands out for things below the account, such as a user's Pages. */
const derived = z.strictObject({
  url: endpoint,
  list: z.string(),
  id: z.string(),
  name: z.string(),
  accessToken: z.string(),
  /** Path of the URL of the next result page. */
  next: z.string(),
});

const sample = z.strictObject({
  name: z.string(),
  judged: z.enum(["granted", "denied", "misconfigured", "throttled", "transient", "uncertain", "unknown"]),
  status: z.number().int(),
  headers: parameters.default({}),
  /** Text goes over the wire as it is, anything else as JSON. */
  body: z.unknown(),
  /** Parts of the outcome (or of its `tokens`) that the sample also pins down. */
  expect: z.record(z.string(), z.unknown()).default({}),
});

export const providerSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/, "must be lower case, digits and dashes"),
  name: z.string().min(1),
  /** Where the facts of this file come from. */
  docs: z.url(),
  authType: z.enum(["oauth2", "api_key", "personal_access_token"]).default("oauth2"),
  /** Products of one vendor may share a registration: GOOGLE lets GMAIL_CLIENT_ID fall back to GOOGLE_CLIENT_ID. */
  settingsFallback: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/)
    .optional(),
  /** Its endpoints are asked for at start (RFC 8414, OpenID Connect Discovery); those stated here win. */
  issuer: z.url().nullable().default(null),
  /**
   * Who its answers to authorization requests say that they come from (`iss`, RFC 9207), where that is known; `always`: none comes without it.
   * An issuer's metadata says both.
   */
  iss: z
    .strictObject({ issuer: urlTemplate, always: z.boolean().default(false) })
    .nullable()
    .default(null),
  authorizeUrl: endpoint.nullable().default(null),
  tokenUrl: endpoint.nullable().default(null),
  /** Allow pattern (anchored by us) of each part in braces, and what to take when the connection has none. */
  placeholders: z
    .record(z.string(), z.strictObject({ pattern, example: z.string(), default: z.string().optional() }))
    .default({}),
  clientAuth: clientAuth.default("post"),
  encoding: encoding.default("form"),
  clientIdParameter: z.string().default("client_id"),
  clientSecretParameter: z.string().default("client_secret"),
  headers: sentHeaders.default({}),
  scopes: z.array(z.strictObject({ scope: z.string().min(1), why: z.string().min(1) })).default([]),
  scopeSeparator: z.enum([" ", ","]).default(" "),
  scopeParameter: z.string().default("scope"),
  /** Names under which a scope is granted beside the one by which it is asked for: both are compared after this replacement. */
  scopeForms: z.array(z.strictObject({ pattern, as: z.string() })).default([]),
  /** Sent with the authorize URL: what makes access survive the user's absence, among others. */
  authorizeParameters: parameters.default({}),
  /** What comes back to the redirect URI beside the code and is kept in the connection's metadata, such as a company's id. */
  keepFromRedirect: z.array(z.string().regex(/^[A-Za-z][\w-]*$/)).default([]),
  pkce: z.enum(["required", "supported", "no"]).default("no"),
  code: grant.prefault({}),
  refresh: grant.prefault({}),
  /** Swap of the short-lived token that the code grant gives, at once after connecting. */
  longLived: grant.optional(),
  policy,
  answer: answer.prefault({}),
  errors: z.array(errorRule).default([]),
  throttle: throttle.prefault({}),
  revoke: revoke.nullable().default(null),
  identity: identity.nullable().default(null),
  derived: derived.nullable().default(null),
  rateLimit: z.strictObject({ max: z.number().int().positive(), perSeconds: seconds }).nullable().default(null),
  samples: z.array(sample).default([]),
  /** Kinds of answers that nobody has published for this provider, so that there is no sample of them. */
  undocumented: z.array(z.enum(["denied", "misconfigured", "throttled", "transient"])).default([]),
  /** What this file states without a public source, in words: assumed from RFC 6749 or from the makers' other products. */
  unconfirmed: z.array(z.string().min(1)).default([]),
});

export type Grant = z.output<typeof grant>;
export type ErrorRule = z.output<typeof errorRule>;
export type Condition = z.output<typeof condition>;
export type Sample = z.output<typeof sample>;
export type ClientAuth = z.output<typeof clientAuth>;
export type Encoding = z.output<typeof encoding>;

function isPattern(value: string): boolean {
  try {
    new RegExp(value);
    return true;
  } catch {
    return false;
  }
}
