import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/**
 * A Graph API in small, of Meta and of Instagram: codes for short-lived user tokens, those for long-lived ones (`fb_exchange_token`,
 * `ig_exchange_token`, `ig_refresh_token`), whose token it is, and the Pages of a user in result pages of two.
 */
export interface GraphServer {
  readonly url: string;
  readonly tokenUrl: string;
  readonly accountsUrl: string;
  readonly identityUrl: string;
  readonly permissionsUrl: string;
  /** A long-lived user token as it comes from connecting. */
  issue(account?: string): string;
  /** A code as it comes back from consent; good once. */
  consent(account?: string): string;
  setPages(names: readonly string[]): void;
  /** How the next requests for Pages are answered: null as they should be. */
  failAccounts(status: number | null): void;
  /** Lets requests for Pages wait until the returned function is called. */
  holdAccounts(): () => void;
  /** The next exchange for a long-lived token is answered with this error object instead. */
  failExchange(error: GraphError): void;
  /** What long-lived tokens say about their end. */
  setLifetime(seconds: number | null): void;
  /** All tokens of the account are refused from now on (code 190). */
  revoke(account: string): void;
  /** How often a user token was exchanged, and how many result pages were fetched. */
  readonly counts: { codes: number; exchanged: number; resultPages: number; refused: number };
  stop(): Promise<void>;
}

export interface GraphError {
  readonly status: number;
  readonly code: number;
  readonly is_transient?: boolean;
}

type Answer = [status: number, body: unknown];

const perResultPage = 2;
const shortSeconds = 3600;

export async function startGraphServer(marker = "graph"): Promise<GraphServer> {
  const users = new Map<string, string>();
  const codes = new Map<string, string>();
  const counts = { codes: 0, exchanged: 0, resultPages: 0, refused: 0 };
  const errors: GraphError[] = [];
  let pages: readonly string[] = [];
  let failure: number | null = null;
  let held = Promise.resolve();
  let lifetime: number | null = 5_184_000;
  const token = (kind: string) => `${marker}.${kind}.${randomBytes(15).toString("base64url")}`;
  const issued = (kind: string, account: string) => {
    const user = token(kind);
    users.set(user, account);
    return user;
  };
  const refused = (message = "Error validating access token", code = 190): Answer => {
    counts.refused++;
    return [400, { error: { message, type: "OAuthException", code, fbtrace_id: "A0b1" } }];
  };

  function swapCode(params: Record<string, string>): Answer {
    const account = codes.get(params.code ?? "");
    codes.delete(params.code ?? "");
    if (params.client_id !== "app" || params.client_secret !== "app-secret")
      return refused("Error validating client secret.", 1);
    if (account === undefined) return refused("This authorization code has been used.", 100);
    counts.codes++;
    const access_token = issued("short", account);
    if (params.grant_type === "authorization_code") return [200, { data: [{ access_token, user_id: account }] }];
    return [200, { access_token, token_type: "bearer", expires_in: shortSeconds }];
  }

  function exchange(params: Record<string, string>): Answer {
    if (params.code !== undefined) return swapCode(params);
    const error = errors.shift();
    if (error !== undefined) {
      const { status, ...body } = error;
      return [status, { error: { message: "no", type: "OAuthException", ...body } }];
    }
    const meta = params.grant_type === "fb_exchange_token";
    const spent = meta ? params.fb_exchange_token : params.access_token;
    const account = users.get(spent ?? "");
    const secretNeeded = params.grant_type !== "ig_refresh_token";
    if (secretNeeded && params.client_secret !== "app-secret") return refused();
    if (meta && params.client_id !== "app") return refused();
    if (account === undefined) return refused();
    counts.exchanged++;
    return [
      200,
      { access_token: issued("user", account), token_type: "bearer", ...(lifetime && { expires_in: lifetime }) },
    ];
  }

  function accounts(url: URL, user: string): Answer {
    if (failure !== null) return [failure, { error: { message: "unavailable", code: 2, is_transient: true } }];
    if (!users.has(user)) return [401, { error: { message: "Invalid OAuth access token", code: 190 } }];
    counts.resultPages++;
    const start = Number(url.searchParams.get("after") ?? 0);
    const data = pages
      .slice(start, start + perResultPage)
      .map((name) => ({ id: `id-${name}`, name, access_token: token("page") }));
    const end = start + perResultPage;
    // As Graph does it: the link to the next result page carries the user token.
    const next = `${url.origin}${url.pathname}?after=${end}&access_token=${user}`;
    return [200, { data, paging: end < pages.length ? { next } : {} }];
  }

  function identity(user: string): Answer {
    const account = users.get(user);
    if (account === undefined) return refused();
    return [200, { id: account, name: `Name of ${account}`, user_id: account, username: account }];
  }

  function revoke(account: string | undefined): void {
    for (const [user, owner] of users) if (owner === account) users.delete(user);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    const form = new URLSearchParams((await buffer(request)).toString());
    const params = { ...Object.fromEntries(url.searchParams), ...Object.fromEntries(form) };
    const user = request.headers.authorization?.replace("Bearer ", "") ?? "";
    const [status, body] = route(url, params, user);
    if (!["/token", "/me", "/me/permissions"].includes(url.pathname)) await held;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  function route(url: URL, params: Record<string, string>, user: string): Answer {
    if (url.pathname === "/token") return exchange(params);
    if (url.pathname === "/me") return identity(user);
    if (url.pathname !== "/me/permissions") return accounts(url, user);
    revoke(users.get(user));
    return [200, { success: true }];
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ url, tokenUrl: `${url}/token`, accountsUrl: `${url}/me/accounts`, counts, revoke },
    ...{ identityUrl: `${url}/me`, permissionsUrl: `${url}/me/permissions` },
    issue: (account = "me") => issued("user", account),
    consent(account = "me") {
      const code = randomBytes(12).toString("base64url");
      codes.set(code, account);
      return code;
    },
    setPages(names) {
      pages = names;
    },
    failAccounts(status) {
      failure = status;
    },
    holdAccounts() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    failExchange: (error) => void errors.push(error),
    setLifetime(seconds) {
      lifetime = seconds;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
