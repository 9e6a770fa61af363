import type { Completed, ConnectAnswer, ConnectRefusalCode } from "@evertoken/client";
import { type ConfiguredProvider, errorWords, type Provider, whyForeign } from "@evertoken/providers";
import type { Engine } from "../engine.ts";
import { withStore } from "../evertoken-error.ts";
import { accountIdentity } from "./account-identity.ts";
import { ConnectRefused } from "./connect-refusal.ts";
import { audited, endFlow, refusedFlow } from "./end-flow.ts";
import { exchangeCode } from "./exchange-code.ts";
import { type StoredFlow, takeFlow } from "./oauth-states.ts";
import { keepPending } from "./pending-grants.ts";
import { hashAnswer, keepOutcome, outcomeBefore } from "./repeated-answer.ts";

/** With what the API saw of the browser that brought it. */
interface BroughtAnswer extends ConnectAnswer {
  /** The secret in the cookie of a browser that our start address has sent out. */
  readonly browser?: string | undefined;
  /** Of that browser, for the audit log. */
  readonly address?: string | undefined;
}

/**
 * The end of a connect flow. Uses the state up, whatever comes of it, so that nothing can be tried twice; the same
 * answer within a minute gets the same result, and the provider is not asked again. The connection is stored in one statement at the
 * very end, so that nothing is half stored; or what came waits for the app's word (`pending`).
 *
 * @throws {EvertokenError} when Postgres is away; never for what the user or the provider did
 */
export async function completeConnect(engine: Engine, answer: BroughtAnswer): Promise<Completed> {
  return engine.work.run(() => complete(engine, answer));
}

async function complete(engine: Engine, answer: BroughtAnswer): Promise<Completed> {
  await withStore(engine.checkKeys);
  const { state, binding = null, browser = null } = answer;
  const taken = await takeFlow(engine, { state, binding, browser }, hashAnswer(answer));
  if (taken.kind === "refused") return refusedFlow(engine, taken.why, null, taken.returnUrl);
  if (taken.kind === "used") {
    const before = await outcomeBefore(engine, taken.stateHash, answer);
    return before ?? refusedFlow(engine, taken.why, null, taken.returnUrl);
  }
  const outcome = await finish(engine, taken.flow, taken.stateHash, answer).catch((error: unknown) => {
    if (error instanceof ConnectRefused) return refusedFlow(engine, error, taken.flow, taken.flow.returnUrl);
    throw error;
  });
  // What is done is done: without this, the same answer once more is merely refused.
  await keepOutcome(engine, taken.stateHash, outcome).catch(() => {});
  return outcome;
}

async function finish(engine: Engine, begun: StoredFlow, stateHash: string, answer: BroughtAnswer): Promise<Completed> {
  const configured = await withStore(() => engine.providers.find(begun.provider));
  if (configured === undefined) throw new ConnectRefused("invalid_client", "the provider is not known here");
  const metadata = { ...begun.metadata, ...keptFrom(answer, configured.provider) };
  const flow = { ...begun, metadata, address: answer.address ?? null };
  const code = checkedCode(answer, flow, configured);
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
  const obtained = { granted, identity, askedAt, registration };
  if (!flow.confirm) return endFlow(engine, configured, flow, obtained, null);
  const confirmation = await keepPending(engine, stateHash, flow, obtained);
  await audited(engine, flow, "connect.pending", {});
  return { kind: "pending", confirmation, provider: flow.provider, returnUrl: flow.returnUrl };
}

function keptFrom({ parameters = {} }: ConnectAnswer, { keepFromRedirect }: Provider): Record<string, string> {
  const kept = Object.entries(parameters).filter(
    ([name, value]) => keepFromRedirect.includes(name) && isStorable(value),
  );
  return Object.fromEntries(kept);
}

const isStorable = (value: string) => /^[^\0]{1,512}$/.test(value) && value.isWellFormed();

/** The code, once everything that came with it is right. The issuer first: its word is worth nothing if it is another one. */
function checkedCode(answer: ConnectAnswer, flow: StoredFlow, { provider, origin }: ConfiguredProvider): string {
  const foreign = whyForeign(provider, answer.iss, flow.metadata);
  if (foreign !== null) throw new ConnectRefused("issuer_mismatch", foreign);
  // Whoever has added a provider may run its server: there, nobody may leave it open where an answer came to.
  if ((answer.redirectUri ?? (origin === "stored" ? null : flow.redirectUri)) !== flow.redirectUri) {
    throw new ConnectRefused("redirect_uri_mismatch");
  }
  if (answer.error !== undefined) {
    const said = [answer.error, answer.errorDescription].filter((part) => part !== undefined).join(": ");
    throw new ConnectRefused(toldByProvider(answer.error), errorWords(said, [answer.state]));
  }
  if (answer.code === undefined || answer.code === "") throw new ConnectRefused("code_missing");
  return answer.code;
}

/** RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6, and what large providers say instead of `access_denied`. */
function toldByProvider(error: string): ConnectRefusalCode {
  if (/^(access_denied|user_denied|user_cancelled_(login|authorize)|consent_required|login_required)$/.test(error)) {
    return "consent_refused";
  }
  if (/^(temporarily_unavailable|server_error)$/.test(error)) return "provider_unavailable";
  return /^(unauthorized_client|invalid_client)$/.test(error) ? "invalid_client" : "authorization_failed";
}
