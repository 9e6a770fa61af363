import type { FastifyInstance } from "fastify";
import { Problem } from "./problem.ts";

const strict = new TextDecoder("utf-8", { fatal: true });

/** JSON is the only content type that is taken; an empty body is one that was left out. */
export function readJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, async (_request: unknown, body: Buffer) =>
    body.length === 0 ? undefined : parse(body),
  );
}

function parse(body: Buffer): unknown {
  let text: string;
  try {
    text = strict.decode(body);
  } catch {
    throw new Problem("malformed_body", { detail: "the body is not UTF-8" });
  }
  try {
    return JSON.parse(text, refuseProto);
  } catch (error) {
    if (error instanceof Problem) throw error;
    // The parser's message quotes the text.
    throw new Problem("malformed_body", { detail: "the body is not JSON" });
  }
}

/** A key that would replace the prototype of whatever copies it. */
function refuseProto(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new Problem("malformed_body", { detail: "the body has a key __proto__" });
  return value;
}
