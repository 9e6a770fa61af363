import type { ConnectRefusalCode, EvertokenErrorCode } from "@evertoken/engine/internal";
import { z } from "zod";

const own = {
  invalid_request: [400, "The request is not as it has to be"],
  malformed_body: [400, "The body cannot be read"],
  no_key: [401, "An API key is needed"],
  wrong_key: [401, "The API key is not known"],
  insufficient_key_scope: [403, "The API key may not do this"],
  foreign_origin: [403, "Not from this origin"],
  route_not_found: [404, "There is nothing at this address"],
  method_not_allowed: [405, "This address does not take that method"],
  request_timeout: [408, "The request took too long"],
  body_too_large: [413, "The body is too large"],
  unsupported_media_type: [415, "The body has a content type that is not taken here"],
  headers_too_large: [431, "The headers are too large"],
  too_many_requests: [429, "Too many requests"],
  internal_error: [500, "Something went wrong here"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

/** Whether it says that whoever asks may not, or not so often: what a provider or a user refused is none. */
export const isRefusal = (code: string): boolean =>
  code in own && [401, 403, 429].includes(own[code as keyof typeof own][0]);

/** What only a client can tell. */
type OnTheWay =
  | "server_unavailable"
  | "wrong_address"
  | "server_too_old"
  | "unexpected_answer"
  | "unsupported_runtime"
  | "webhook_refused";

/** What the engine's errors are over HTTP. 409: the connection is not in a state where this could work. */
const ofEngine: Readonly<
  Record<Exclude<EvertokenErrorCode, keyof typeof own | OnTheWay>, readonly [status: number, title: string]>
> = {
  connection_not_found: [404, "There is no such connection"],
  not_found: [404, "There is no such thing"],
  provider_not_found: [404, "There is no such stored provider"],
  provider_exists: [409, "The id of the provider is taken"],
  provider_in_use: [409, "Connections depend on the provider"],
  provider_refused: [422, "The provider's metadata cannot be used"],
  registration_not_found: [404, "There is no such client registration"],
  registration_in_use: [409, "Connections depend on the client registration"],
  confirmation_needed: [400, "Nobody would confirm whose account comes back"],
  invalid_input: [400, "The request is not as it has to be"],
  unknown_provider: [422, "There is no such provider"],
  disconnected: [409, "The account is disconnected"],
  not_refreshable: [409, "This kind of connection is not refreshed"],
  refresh_token_expired: [409, "The user has to reconnect the account"],
  no_refresh_token: [409, "The user has to reconnect the account"],
  insufficient_scope: [409, "The user has to grant more"],
  invalid_client: [502, "The provider refuses our client registration"],
  mass_denial: [502, "The provider denies more grants at once than can be believed"],
  unknown_answer: [502, "The provider's answer was not understood"],
  answer_lost: [502, "The provider's answer was lost"],
  provider_unavailable: [503, "The provider is not available"],
  rate_limited: [503, "The provider asked us to wait"],
  store_unavailable: [503, "The database cannot be used"],
  queue_unavailable: [503, "The queue does not answer"],
  timed_out: [504, "It took too long"],
  closing: [503, "The process is about to end"],
  grant_in_use: [409, "Another connection holds the same refresh token"],
  held: [503, "Nothing is refreshed until an operator says which database is true"],
  older_than_its_job: [409, "The stored tokens are older than they should be"],
  unreadable_token: [500, "The stored token does not open"],
  missing_metadata: [500, "The connection's metadata makes no endpoint"],
};

/** What a connect flow can end with, beside the engine's errors of the same name. */
const ofConnect: Readonly<Record<Exclude<ConnectRefusalCode, EvertokenErrorCode>, readonly [number, string]>> = {
  consent_refused: [403, "The user did not grant access"],
  state_invalid: [400, "The state is not known"],
  state_used: [409, "The state was used already"],
  state_expired: [410, "The state has ended"],
  other_browser: [400, "The flow was begun in another browser"],
  redirect_uri_mismatch: [400, "The redirect URI is another one"],
  issuer_mismatch: [400, "The answer comes from another server"],
  code_missing: [400, "The answer holds no code"],
  code_invalid: [400, "The provider did not accept the code"],
  authorization_failed: [502, "The provider could not grant access"],
  identity_unavailable: [502, "The provider does not tell which account this is"],
  another_account: [409, "It is another account than the one to be reconnected"],
  confirmation_unknown: [404, "There is no such confirmation"],
  confirmation_expired: [410, "It was not confirmed in time"],
  confirmed_for_another: [409, "Another user has begun the flow"],
};

const kinds: Readonly<Record<string, readonly [status: number, title: string]>> = { ...own, ...ofEngine, ...ofConnect };

/** Every error answer, RFC 9457. `code` is stable and what programs switch on; `detail` is for people. */
export const problemSchema = z
  .object({
    type: z.string().describe("urn:evertoken:problem:<code>"),
    code: z.enum(Object.keys(kinds) as [ProblemCode, ...ProblemCode[]]),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().optional(),
    errors: z.array(z.object({ field: z.string(), reason: z.string() })).optional(),
    consent_helps: z.boolean().optional().describe("true: nothing but the user's consent helps"),
    reconnect_url: z.string().nullable().optional(),
    return_url: z.string().nullable().optional(),
    retry_at: z.string().nullable().optional(),
  })
  .meta({ id: "Problem" });

export type ProblemBody = z.output<typeof problemSchema>;

export type ProblemCode = keyof typeof own | EvertokenErrorCode | ConnectRefusalCode;
type Details = Omit<Partial<ProblemBody>, "type" | "code" | "title" | "status">;

export function problem(code: ProblemCode, details: Details = {}): ProblemBody {
  const [status, title] = kinds[code] ?? own.internal_error;
  return { type: `urn:evertoken:problem:${code}`, code, title, status, ...details };
}

/** Thrown by handlers and hooks; the error handler sends it. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly body: ProblemBody;
  readonly headers: Readonly<Record<string, string>>;
  constructor(code: ProblemCode, details: Details = {}, headers: Readonly<Record<string, string>> = {}) {
    super(code);
    this.name = "Problem";
    this.code = code;
    this.body = problem(code, details);
    this.headers = headers;
  }
}

/** One field and what is wrong with it. */
export function wrongField(field: string, reason: string, code: ProblemCode = "invalid_request"): Problem {
  return new Problem(code, { detail: `${field}: ${reason}`, errors: [{ field, reason }] });
}

/** @param wait milliseconds; null: not over a limit. @throws {Problem} */
export function refuseOver(wait: number | null, detail: string): void {
  if (wait === null) return;
  const headers = { "retry-after": String(Math.max(1, Math.ceil(wait / 1000))) };
  throw new Problem("too_many_requests", { detail, retry_at: new Date(Date.now() + wait).toISOString() }, headers);
}
