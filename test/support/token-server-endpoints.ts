import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { createBehaviourPlans } from "./token-server-behaviour.ts";
import { type Answer, deliver, effectOf } from "./token-server-deliver.ts";
import type { Families, Family } from "./token-server-families.ts";
import type { createGates } from "./token-server-gates.ts";
import type { createLedger, Outcome, Presentation } from "./token-server-ledger.ts";
import { clientMatches, type Params, type RegisteredClient, readParams } from "./token-server-request.ts";
import { grantedAnswer, lifetimeOf, type TokenServerSettings } from "./token-server-settings.ts";

/** Consent is given at once; with `error`, refused with that code (RFC 6749 section 4.1.2.1). */
export type AuthorizeSettings = { error: string | null };

type Deps = {
  families: Families;
  plans: ReturnType<typeof createBehaviourPlans>;
  gates: ReturnType<typeof createGates>;
  ledger: ReturnType<typeof createLedger>;
  settings: { global: TokenServerSettings; byFamily: Map<string, Partial<TokenServerSettings>> };
  client: RegisteredClient | null;
};

type Code = { redirectUri: string; challenge: string | null };

function reply(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

export function createEndpoints({ families, plans, gates, ledger, settings, client }: Deps) {
  const codes = new Map<string, Code>();
  const identity = { answered: 0, unauthorized: 0 };
  let authorizeError: string | null = null;
  let strays = 0;
  let inFlight = 0;

  function settingsOf(family: Family | undefined): TokenServerSettings {
    const own = family && settings.byFamily.get(family.id);
    return own ? { ...settings.global, ...own } : settings.global;
  }

  function exchangeCode(params: Params): { outcome: Outcome; answer: Answer } {
    const code = codes.get(params.code ?? "");
    codes.delete(params.code ?? "");
    const verified =
      code?.challenge == null ||
      createHash("sha256")
        .update(params.code_verifier ?? "")
        .digest("base64url") === code.challenge;
    if (!code || !verified || code.redirectUri !== params.redirect_uri) {
      return { outcome: "denied", answer: { status: 400, body: { error: "invalid_grant" } } };
    }
    const opened = families.open(lifetimeOf(settings.global));
    return {
      outcome: "granted",
      answer: grantedAnswer({ ...opened, outcome: "granted", rotated: true }, settings.global),
    };
  }

  function decide(
    request: IncomingMessage,
    params: Params,
    family: Family | undefined,
  ): { outcome: Outcome; answer: Answer } {
    if (client && !clientMatches(request, params, client)) {
      return { outcome: "client_rejected", answer: { status: 401, body: { error: "invalid_client" } } };
    }
    if (params.grant_type === "authorization_code") return exchangeCode(params);
    if (params.grant_type !== "refresh_token") {
      return { outcome: "denied", answer: { status: 400, body: { error: "unsupported_grant_type" } } };
    }
    const own = settingsOf(family);
    const presented = families.present(params.refresh_token ?? "", own.rotation, lifetimeOf(own));
    return { outcome: presented.outcome, answer: grantedAnswer(presented, own) };
  }

  /** Counts what a well-behaved engine never does: a token sent again after it rotated, two requests of one family at a time. */
  function enter(family: Family | undefined, generation: number | undefined): void {
    ledger.counts.requests += 1;
    inFlight += 1;
    if (family && generation !== undefined) {
      if (generation <= family.highestPresented && settingsOf(family).rotation !== "off") ledger.counts.repeated += 1;
      if (family.inFlight > 0) ledger.counts.overlapping += 1;
      family.highestPresented = Math.max(family.highestPresented, generation);
      family.arrivals += 1;
      family.inFlight += 1;
    }
    gates.notify();
  }

  function leave(family: Family | undefined): void {
    inFlight -= 1;
    if (family) family.inFlight -= 1;
    gates.notify();
  }

  function ignoreUnread(request: IncomingMessage): void {
    const entry: Presentation = ledger.open(undefined, undefined);
    entry.behaviour = "reset_before_reading";
    entry.answer = "lost";
    ledger.counts.requests += 1;
    request.socket.resetAndDestroy();
    gates.notify();
  }

  async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "POST") {
      reply(response, 405, { error: "invalid_request" });
      return;
    }
    if (plans.takeReset()) return ignoreUnread(request);
    const socket = request.socket;
    const params = await readParams(request);
    if (!params) return;

    const read = families.readRefreshToken(params.refresh_token ?? "");
    const family = read?.family;
    const by = request.headers["x-torture-by"];
    const entry = ledger.open(params.refresh_token, family?.id, by === undefined ? null : Number(by));
    let misleading = false;
    const close = () => {
      ledger.close(entry, response, socket, misleading);
      leave(family);
    };
    enter(family, read?.generation);
    if (response.closed) close();
    else response.once("close", close);

    await gates.pass("received", family?.id);
    const behaviour = plans.take(family?.id);
    const effect = effectOf(behaviour);
    entry.behaviour = behaviour.kind;
    misleading = effect.misleading;
    let answer: Answer = { status: 500, body: {} };
    if (effect.spends) {
      const decision = decide(request, params, family);
      answer = decision.answer;
      ledger.decide(entry, decision.outcome);
    } else if (behaviour.kind === "lie") ledger.decide(entry, "lied");

    await gates.pass("decided", family?.id);
    const { latencyMs } = settingsOf(family);
    if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs));
    if (!response.closed) deliver(response, answer, behaviour);
  }

  function authorize(url: URL, response: ServerResponse): void {
    const redirectUri = url.searchParams.get("redirect_uri") ?? "";
    if (!URL.canParse(redirectUri)) {
      reply(response, 400, { error: "invalid_request" });
      return;
    }
    const target = new URL(redirectUri);
    const state = url.searchParams.get("state");
    if (state !== null) target.searchParams.set("state", state);
    if (authorizeError !== null) target.searchParams.set("error", authorizeError);
    else {
      const code = randomBytes(16).toString("base64url");
      codes.set(code, { redirectUri, challenge: url.searchParams.get("code_challenge") });
      target.searchParams.set("code", code);
    }
    response.writeHead(302, { location: target.href }).end();
  }

  function me(request: IncomingMessage, response: ServerResponse): void {
    const family = families.identify(request.headers.authorization?.match(/^Bearer (.+)$/i)?.[1] ?? "");
    if (!family) {
      identity.unauthorized += 1;
      reply(response, 401, { error: "invalid_token" }, { "www-authenticate": 'Bearer error="invalid_token"' });
      return;
    }
    identity.answered += 1;
    reply(response, 200, { sub: `account-${family.id}`, name: `Account ${family.id}` });
  }

  async function revoke(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const params = await readParams(request);
    if (!params) return;
    if (client && !clientMatches(request, params, client)) return reply(response, 401, { error: "invalid_client" });
    families.revokeByToken(params.token ?? "");
    response.writeHead(200).end();
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = request.url ?? "/";
    if (address === "/token") return token(request, response);
    if (address === "/me") return me(request, response);
    if (address === "/revoke") return revoke(request, response);
    const url = new URL(address, "http://token-server");
    if (url.pathname === "/authorize") return authorize(url, response);
    strays += 1;
    reply(response, 404, { error: "not_found" });
  }

  return {
    handle: (request: IncomingMessage, response: ServerResponse): void => {
      route(request, response).catch((error) => response.destroy(error));
    },
    setClient(next: RegisteredClient | null): void {
      client = next;
    },
    setAuthorize(next: AuthorizeSettings): void {
      authorizeError = next.error;
    },
    strays: () => strays,
    inFlight: () => inFlight,
    identityCounts: () => ({ ...identity }),
  };
}
