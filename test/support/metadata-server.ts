import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onFileEnd } from "./services.ts";

/** What an issuer answers at a path; null: it hangs up. */
export type MetadataAnswer = (
  path: string,
  issuer: string,
) => { status?: number; body?: unknown; location?: string } | null;

/** A server that only has metadata, right or wrong. */
export interface MetadataServer {
  readonly issuer: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  answer: MetadataAnswer;
}

export async function startMetadataServer(): Promise<MetadataServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const given = started.answer(request.url ?? "", started.issuer);
    if (given === null) return void request.socket.destroy();
    const { status = 200, body, location } = given;
    response.writeHead(location === undefined ? status : 302, location === undefined ? {} : { location });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onFileEnd(async () => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const started: MetadataServer = { issuer, asked, answer: (_, at) => ({ body: goodMetadata(at) }) };
  return started;
}

export const goodMetadata = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/revoke`,
  userinfo_endpoint: `${issuer}/me`,
});
