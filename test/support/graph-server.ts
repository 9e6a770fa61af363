import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A Graph API in small: the exchange of user tokens (`fb_exchange_token`), and the Pages of a user in result pages of two. */
export interface GraphServer {
  readonly tokenUrl: string;
  readonly accountsUrl: string;
  /** A user token as it comes from connecting. */
  issue(): string;
  setPages(names: readonly string[]): void;
  /** How the next requests for Pages are answered: null as they should be. */
  failAccounts(status: number | null): void;
  /** Lets requests for Pages wait until the returned function is called. */
  holdAccounts(): () => void;
  /** How often a user token was exchanged, and how many result pages were fetched. */
  readonly counts: { exchanged: number; resultPages: number; refused: number };
  stop(): Promise<void>;
}

const perResultPage = 2;
const lifetimeSeconds = 5_184_000;

export async function startGraphServer(marker = "graph"): Promise<GraphServer> {
  const users = new Set<string>();
  const counts = { exchanged: 0, resultPages: 0, refused: 0 };
  let pages: readonly string[] = [];
  let failure: number | null = null;
  let held = Promise.resolve();
  const token = (kind: string) => `${marker}.${kind}.${randomBytes(15).toString("base64url")}`;
  const issue = () => {
    const user = token("user");
    users.add(user);
    return user;
  };

  function exchange(url: URL): [number, unknown] {
    const { fb_exchange_token, grant_type, client_id, client_secret } = Object.fromEntries(url.searchParams);
    const known = grant_type === "fb_exchange_token" && users.has(fb_exchange_token ?? "");
    if (!known || client_id !== "app" || client_secret !== "app-secret") {
      counts.refused++;
      return [400, { error: { message: "Error validating access token", type: "OAuthException", code: 190 } }];
    }
    counts.exchanged++;
    return [200, { access_token: issue(), token_type: "bearer", expires_in: lifetimeSeconds }];
  }

  function accounts(url: URL, user: string): [number, unknown] {
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

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    const user = request.headers.authorization?.replace("Bearer ", "") ?? "";
    const [status, body] = url.pathname === "/token" ? exchange(url) : accounts(url, user);
    if (url.pathname !== "/token") await held;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ tokenUrl: `${origin}/token`, accountsUrl: `${origin}/me/accounts`, issue, counts },
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
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
