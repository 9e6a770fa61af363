import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { TokenServer, TokenServerUrls } from "./token-server.ts";

type Methods = Omit<TokenServer, keyof TokenServerUrls>;

// A record over all methods, so that one that is added to TokenServer and forgotten here does not compile.
const methods: Record<keyof Methods, true> = {
  issue: true,
  configure: true,
  setClient: true,
  setAuthorize: true,
  behave: true,
  hold: true,
  release: true,
  arrived: true,
  holding: true,
  idle: true,
  invalidateAccessToken: true,
  revokeFamily: true,
  inspect: true,
  presentations: true,
  summary: true,
  stop: true,
};

async function call(server: TokenServer, request: IncomingMessage): Promise<unknown> {
  const name = (request.url ?? "").slice(1);
  if (!Object.hasOwn(methods, name)) throw new Error(`no method ${name}`);
  const method = server[name as keyof Methods] as (...parameters: unknown[]) => Promise<unknown>;
  return method(...(JSON.parse(await text(request)) as unknown[]));
}

/** The methods of a token server over HTTP, on a port of its own that no behaviour touches: `POST /<method>`, a JSON array of arguments. */
export async function startTokenServerControl(
  server: TokenServer,
  port = 0,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const control = createServer((request, response) => {
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    call(server, request).then(
      (result) => answer(200, { result }),
      (error: Error) => answer(500, { error: error.message }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    control.once("error", reject);
    control.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        control.close(() => resolve());
        control.closeAllConnections();
      }),
  };
}

/** The same server, seen from another process. */
export function remoteTokenServer({ controlUrl, ...urls }: TokenServerUrls & { controlUrl: string }): TokenServer {
  const remote =
    (name: string) =>
    async (...parameters: unknown[]) => {
      const response = await fetch(`${controlUrl}/${name}`, { method: "POST", body: JSON.stringify(parameters) });
      const { result, error } = (await response.json()) as { result?: unknown; error?: string };
      if (error !== undefined) throw new Error(error);
      return result;
    };
  const entries = Object.keys(methods).map((name) => [name, remote(name)]);
  return { ...urls, ...(Object.fromEntries(entries) as Methods) };
}
