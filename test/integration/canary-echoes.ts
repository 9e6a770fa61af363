import type { Behaviour } from "../support/token-server.ts";

const json = { "content-type": "application/json" };

function lie(status: number, body: unknown, headers: Record<string, string> = json): Behaviour {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { kind: "lie", status, headers, body: text };
}

const letterByLetter = (text: string) => [...text].join(" ");
const inPieces = (text: string, between: string) => (text.match(/.{1,4}/g) ?? []).join(between);

/** Ways in which providers repeat what we sent them, and what they know besides. `secrets`: each of them stands in each answer. */
export function echoes(secrets: readonly string[]): Record<string, Behaviour> {
  const all = secrets.join(" ");
  const said = `token ${all} is not good`;
  const [first = ""] = secrets;
  return {
    granted: { kind: "honest" },
    denied: lie(400, { error: "invalid_grant", error_description: said }),
    transient: lie(503, { error: "temporarily_unavailable", error_description: said }),
    "transient with a bare body": lie(500, said, { "content-type": "text/plain" }),
    "transient page": lie(502, `<html><title>${said}</title><body>${said}</body></html>`, {
      "content-type": "text/html",
    }),
    throttled: lie(429, { error: "rate_limited", message: said }, { ...json, "retry-after": "1", "x-echo": first }),
    "as an error code": lie(503, { error: first, message: all }),
    encoded: lie(503, { error: "odd", error_description: encodeURIComponent(said) }),
    "letter by letter": lie(503, { error: "odd", error_description: secrets.map(letterByLetter).join(", ") }),
    "in pieces": lie(503, { error: "odd", error_description: secrets.map((each) => inPieces(each, " ")).join(" ") }),
    "in pieces with invisible signs": lie(503, {
      error: "odd",
      message: secrets.map((each) => inPieces(each, "\u200b")).join(" "),
    }),
    "in pieces with dashes": lie(503, { error: "odd", message: secrets.map((each) => inPieces(each, "-")).join(" ") }),
    "in capitals": lie(503, { error: "odd", error_description: said.toUpperCase() }),
    "in base64": lie(503, { error: "odd", error_description: Buffer.from(said).toString("base64") }),
    "in hex": lie(503, { error: "odd", error_description: Buffer.from(said).toString("hex") }),
    "in fields of its own": lie(503, { data: { short: first }, password: all, user: { name: all }, [first]: all }),
    "as a list": lie(503, { errors: [{ code: first, message: said, detail: said }] }),
    "as a form": lie(503, new URLSearchParams({ error: first, error_description: said }).toString()),
    "in headers": lie(
      503,
      {},
      { ...json, "www-authenticate": `Bearer error_description="${all}"`, "x-request-id": first },
    ),
    "success with an error": lie(200, { error: first, error_description: said }),
    "success without a token": lie(200, { data: { token: all }, message: said }),
    "uncertain page": lie(200, `<html><title>${said}</title></html>`, { "content-type": "text/html" }),
    "answer cut off": { kind: "cut_mid_body" },
    "answer that never comes": { kind: "hang" },
    redirected: lie(302, "", { location: `/elsewhere?refresh_token=${first}&all=${encodeURIComponent(all)}` }),
    unknown: lie(418, { error: first, message: all }),
    "misconfigured, at last": lie(401, { error: "invalid_client", error_description: said }),
  };
}
