import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";

/** A file for spreadsheets, however long: made and sent a page at a time. @param pages their lines, the head before the first */
export function sendSheet(reply: FastifyReply, name: string, pages: AsyncIterable<readonly string[]>): FastifyReply {
  return reply
    .type("text/csv; charset=utf-8")
    .header("content-disposition", `attachment; filename="evertoken-${name}.csv"`)
    .send(Readable.from(texts(pages)));
}

async function* texts(pages: AsyncIterable<readonly string[]>): AsyncGenerator<string> {
  for await (const lines of pages) if (lines.length > 0) yield `${lines.join("\r\n")}\r\n`;
}
