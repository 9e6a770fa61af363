import { createUserHash, describeError } from "@evertoken/adapters";
import type { Completed, ConnectAnswer, ConnectRefusalCode } from "@evertoken/client";
import { missingScopes, type Provider, sanitize } from "@evertoken/providers";
import { createAudit } from "../audit.ts";
import type { Engine } from "../engine.ts";
import { withStore } from "../evertoken-error.ts";
import { requestSync } from "../sync/request-sync.ts";
import { accountIdentity } from "./account-identity.ts";
import { ConnectRefused } from "./connect-refusal.ts";
import { exchangeCode } from "./exchange-code.ts";
import { type StoredFlow, takeFlow } from "./oauth-states.ts";
import { hashAnswer, keepOutcome, outcomeBefore } from "./repeated-answer.ts";
import { storeConnection } from "./store-connection.ts";

/**
 * The end of a connect flow. Uses the state up, whatever comes of it, so that nothing can be tried twice; the same
 * answer within a minute gets the same result, and the provider is not asked again; stores the connection in one
 * statement at the very end, so that nothing is half stored.
 *
 * @throws {EvertokenError} when Postgres is away; never for what the user or the provider did
 */
export async function completeConnect(engine: Engine, answer: ConnectAnswer): Promise<Completed> {
  return engine.work.run(() => complete(engine, answer));
}

async function complete(engine: Engine, answer: ConnectAnswer): Promise<Completed> {
  await withStore(engine.checkKeys);
  const taken = await takeFlow(engine, answer.state, answer.binding ?? null, hashAnswer(answer));
  if (taken.kind === "refused") return refused(engine, taken.why, null, taken.returnUrl);
  if (taken.kind === "used") {
    const before = await outcomeBefore(engine, taken.stateHash, answer);
    return before ?? refused(engine, taken.why, null, taken.returnUrl);
  }
  const outcome = await finish(engine, taken.flow, answer).catch((error: unknown) => {
    if (error instanceof ConnectRefused) return refused(engine, error, taken.flow, taken.flow.returnUrl);
    throw error;
  });
  // What is done is done: without this, the same answer once more is merely refused.
  await keepOutcome(engine, taken.stateHash, outcome).catch(() => {});
  return outcome;
}

async function finish(engine: Engine, begun: StoredFlow, answer: ConnectAnswer): Promise<Completed> {
  const configured = await withStore(() => engine.providers.find(begun.provider));
  if (configured === undefined) throw new ConnectRefused("invalid_client", "the provider is not known here");
  const flow = { ...begun, metadata: { ...begun.metadata, ...keptFrom(answer, configured.provider) } };
  const code = checkedCode(answer, flow, configured.provider.issuer);
  const registration = await withStore(() => engine.registrations.find(flow.provider, flow.registration));
  if (registration === null) throw new ConnectRefused("invalid_client", "the client registration is gone");

  await engine.clock.known();
  const askedAt = engine.clock.now();
  const granted = await exchangeCode(engine, configured, registration, flow, code);
  const identity = await accountIdentity(engine, configured.provider, {
    accessToken: granted.accessToken,
    clientId: registration.clientId,
    metadata: { ...flow.metadata, ...granted.metadata },
  });
  const stored = await storeConnection(engine, configured, flow, { granted, identity, askedAt, registration });

  // Redis may be away: the connection stands, and the app can ask for a sync again.
  await requestSync(engine, stored.id, { reason: "connected" }).catch(() => {});
  const missing = missingScopes(configured.provider, flow.scopes, granted.scopes ?? flow.scopes);
  await told(engine, flow, { connectionId: stored.id, reconnected: stored.reconnected, missing });
  const { provider, returnUrl } = flow;
  return {
    ...{ kind: "connected", connectionId: stored.id, provider, returnUrl },
    ...{ reconnected: stored.reconnected, missingScopes: missing },
  };
}

function keptFrom({ parameters = {} }: ConnectAnswer, { keepFromRedirect }: Provider): Record<string, string> {
  const kept = Object.entries(parameters).filter(
    ([name, value]) => keepFromRedirect.includes(name) && isStorable(value),
  );
  return Object.fromEntries(kept);
}

const isStorable = (value: string) => /^[^\0]{1,512}$/.test(value) && value.isWellFormed();

/** The log and the audit trail. The connection stands, whether or not it could be written down who made it. */
async function told(
  engine: Engine,
  flow: StoredFlow,
  { connectionId, reconnected, missing }: { connectionId: string; reconnected: boolean; missing: readonly string[] },
): Promise<void> {
  engine.logger.info(
    { connection: connectionId, reconnected, missingScopes: missing },
    `${who(engine, flow)} connected`,
  );
  const actor = `user:${hashOf(engine, flow)}`;
  const detail = { provider: flow.provider, reconnected };
  try {
    await createAudit(engine)({ actor, action: "connection.connected", connectionId, detail });
  } catch (error) {
    engine.logger.error({ connection: connectionId, err: describeError(error) }, "not in the audit log");
  }
}

/** The code, once everything that came with it is right. The issuer first: its word is worth nothing if it is another one. */
function checkedCode(answer: ConnectAnswer, flow: StoredFlow, issuer: string | null): string {
  if (answer.iss !== undefined && issuer !== null && answer.iss !== issuer) throw new ConnectRefused("issuer_mismatch");
  if (answer.redirectUri !== undefined && answer.redirectUri !== flow.redirectUri) {
    throw new ConnectRefused("redirect_uri_mismatch");
  }
  if (answer.error !== undefined) {
    const said = [answer.error, answer.errorDescription].filter((part) => part !== undefined).join(": ");
    throw new ConnectRefused(refusalOf(answer.error), sanitize(said, [answer.state]));
  }
  if (answer.code === undefined || answer.code === "") throw new ConnectRefused("code_missing");
  return answer.code;
}

/** RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6, and what large providers say instead of `access_denied`. */
function refusalOf(error: string): ConnectRefusalCode {
  if (/^(access_denied|user_denied|user_cancelled_(login|authorize)|consent_required|login_required)$/.test(error)) {
    return "consent_refused";
  }
  if (/^(temporarily_unavailable|server_error)$/.test(error)) return "provider_unavailable";
  return /^(unauthorized_client|invalid_client)$/.test(error) ? "invalid_client" : "authorization_failed";
}

function refused(engine: Engine, why: ConnectRefused, flow: StoredFlow | null, returnUrl: string | null): Completed {
  const line = { code: why.code, ...(why.reason === null ? {} : { reason: why.reason }) };
  engine.logger.warn(line, flow === null ? "a connect flow was refused" : `${who(engine, flow)} not connected`);
  return { kind: "refused", code: why.code, message: why.message, returnUrl };
}

const who = (engine: Engine, flow: StoredFlow) => `[${flow.provider}][${hashOf(engine, flow)}]`;

function hashOf({ config }: Engine, { userId }: StoredFlow): string {
  return createUserHash(config.encryptionKeys[0] ?? "")(userId);
}
