import type { IncomingMessage } from "node:http";

export type RegisteredClient = { id: string; secret: string };
export type Params = Record<string, string>;

/** The body as named values, form or JSON; undefined when the client went away first. */
export function readParams(request: IncomingMessage): Promise<Params | undefined> {
  return new Promise((resolve) => {
    let text = "";
    request.setEncoding("latin1");
    request.on("data", (part: string) => {
      text += part;
    });
    request.once("close", () => resolve(undefined));
    request.once("error", () => resolve(undefined));
    request.once("end", () => {
      try {
        const isJson = request.headers["content-type"]?.startsWith("application/json");
        resolve(isJson ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text)));
      } catch {
        resolve({});
      }
    });
  });
}

const formDecoded = (text: string): string | null => new URLSearchParams(`v=${text}`).get("v");

/** RFC 6749 section 2.3.1: HTTP Basic with form-encoded id and secret, or both in the body. */
export function clientMatches(request: IncomingMessage, params: Params, client: RegisteredClient): boolean {
  const basic = request.headers.authorization?.match(/^Basic (.+)$/i)?.[1];
  if (basic === undefined) return params.client_id === client.id && params.client_secret === client.secret;
  const [id = "", secret = ""] = Buffer.from(basic, "base64").toString().split(":");
  return formDecoded(id) === client.id && formDecoded(secret) === client.secret;
}
