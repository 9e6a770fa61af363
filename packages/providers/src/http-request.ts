import type { Provider } from "./provider.ts";
import type { ClientAuth, Encoding } from "./provider-schema.ts";

/** One request, ready to be sent. It holds secrets: never logged, never stored. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** A client registration (RFC 6749 section 2). A public client has no secret. */
export interface Registration {
  readonly clientId: string;
  readonly clientSecret: string | null;
}

interface Parts {
  readonly url: string;
  readonly method?: "POST" | "DELETE";
  readonly clientAuth: ClientAuth;
  readonly encoding: Encoding;
  readonly parameters: Readonly<Record<string, string>>;
  readonly registration: Registration;
}

/** Puts the parameters and the client's proof where the provider wants them. */
export function httpRequest(provider: Provider, parts: Parts): HttpRequest {
  const { method = "POST", clientAuth, registration } = parts;
  const headers = {
    accept: "application/json",
    ...provider.headers,
    ...authorization(clientAuth, registration),
  };
  const parameters = { ...parts.parameters, ...clientParameters(provider, clientAuth, registration) };
  if (Object.keys(parameters).length === 0) return { method, url: parts.url, headers, body: null };
  switch (parts.encoding) {
    case "query":
      return { method: method === "POST" ? "GET" : method, url: withQuery(parts.url, parameters), headers, body: null };
    case "json":
      return {
        method,
        url: parts.url,
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(parameters),
      };
    case "form":
      return {
        method,
        url: parts.url,
        headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams(parameters).toString(),
      };
  }
}

export function withQuery(url: string, parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(parameters).toString();
  if (query === "") return url;
  return `${url}${url.includes("?") ? "&" : "?"}${query}`;
}

function authorization(clientAuth: ClientAuth, { clientId, clientSecret }: Registration): Record<string, string> {
  if (clientSecret === null) return {};
  if (clientAuth === "bearer") return { authorization: `Bearer ${clientSecret}` };
  if (clientAuth !== "basic" && clientAuth !== "basic_plain") return {};
  // Both halves are form-encoded first (RFC 6749 section 2.3.1), or a colon or a "%" in a secret breaks it; but not every server decodes.
  const written = clientAuth === "basic" ? formEncode : (value: string) => value;
  const credentials = `${written(clientId)}:${written(clientSecret)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
}

function clientParameters(
  provider: Provider,
  clientAuth: ClientAuth,
  { clientId, clientSecret }: Registration,
): Record<string, string> {
  const id = { [provider.clientIdParameter]: clientId };
  const secret: Record<string, string> =
    clientSecret === null ? {} : { [provider.clientSecretParameter]: clientSecret };
  switch (clientAuth) {
    case "post":
      return { ...id, ...secret };
    case "basic":
    case "basic_plain":
      // A public client names itself in the body (RFC 6749 section 3.2.1).
      return clientSecret === null ? id : {};
    case "id":
      return id;
    case "secret":
      return secret;
    case "bearer":
    case "none":
      return {};
  }
}

/** Whether it makes a difference to a registration if Basic is form-encoded: only then can a server tell `basic` from `basic_plain`. */
export function changesByEncoding({ clientId, clientSecret }: Registration): boolean {
  return [clientId, clientSecret ?? ""].some((value) => formEncode(value) !== value);
}

function formEncode(value: string): string {
  return new URLSearchParams({ v: value }).toString().slice(2);
}
