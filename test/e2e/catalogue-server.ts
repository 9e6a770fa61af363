import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { catalogue, type Provider, prefixOf, type Sample } from "@evertoken/providers";
import { clientId, clientSecret, readRequest } from "../contract/documented-refreshes.ts";
import { onFileEnd } from "../support/services.ts";

/** The kinds of answers that a token of ours can ask for: the token's own text says which. */
export type Wanted = "granted" | "denied" | "misconfigured";

export interface Received {
  readonly id: string;
  readonly token: string;
  readonly headers: http.IncomingHttpHeaders;
  /** With the URL that the provider has in the field. */
  readonly request: ReturnType<typeof readRequest>;
}

export const refreshed = catalogue.filter(({ policy }) => policy.spends !== "nothing");

/** `<wanted>.<provider>`, which is all that the server needs to know what to answer. */
export const tokenFor = (wanted: Wanted, { id }: Provider) => `${wanted}.${id}`;

/** The first of a provider's samples of this kind that comes from a refresh. */
export function sampleOf({ samples }: Provider, wanted: Wanted): Sample | undefined {
  return samples.find(({ judged }) => judged === wanted);
}

/** Answers at `/<provider>/<the rest of its real URL>` as that provider's samples do. */
export async function startCatalogueServer() {
  const received: Received[] = [];
  const server = http.createServer((incoming, reply) => {
    let body = "";
    incoming.on("data", (chunk) => {
      body += chunk;
    });
    incoming.on("end", () => {
      const [, id = "", real = ""] = /^\/([^/]+)\/(.*)$/.exec(incoming.url ?? "") ?? [];
      const { method = "", headers } = incoming;
      const request = readRequest({ method, url: `https://${real}`, headers, body: body === "" ? null : body });
      const token = Object.values(request.parameters).find((value) => value.endsWith(`.${id}`)) ?? "";
      // Somebody asks for child tokens: there are none.
      if (token === "") return reply.writeHead(200).end('{"data":[]}');
      received.push({ id, token, headers, request });
      const provider = refreshed.find((candidate) => candidate.id === id);
      const sample = provider && sampleOf(provider, token.split(".")[0] as Wanted);
      if (sample === undefined) return reply.writeHead(501).end(`no sample for ${token} of ${id}`);
      const text = typeof sample.body === "string" ? sample.body : JSON.stringify(sample.body);
      reply.writeHead(sample.status, sample.headers).end(text);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onFileEnd(async () => {
    server.close();
    server.closeAllConnections();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { received, env: Object.assign({}, ...refreshed.map((provider) => envOf(provider, origin))) };
}

/** A provider's registration, and its refresh endpoint at the local server, with the placeholders left for metadata to fill. */
function envOf(provider: Provider, origin: string): Record<string, string> {
  const prefix = prefixOf(provider.id);
  const [setting, url] =
    provider.refresh.url === undefined ? ["TOKEN_URL", provider.tokenUrl] : ["REFRESH_URL", provider.refresh.url];
  const local = (real: string) => `${origin}/${provider.id}/${real.replace("https://", "")}`;
  return {
    [`${prefix}_CLIENT_ID`]: clientId,
    [`${prefix}_CLIENT_SECRET`]: clientSecret,
    [`${prefix}_${setting}`]: local(url ?? ""),
    ...(provider.derived === null ? {} : { [`${prefix}_DERIVED_URL`]: local(provider.derived.url) }),
  };
}
