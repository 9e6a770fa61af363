import { EvertokenError } from "@evertoken/engine";
import type { ImportSource } from "../import-sources/source.ts";
import { csvRows } from "./csv-rows.ts";
import { createJsonSplitter } from "./json-rows.ts";
import { isObject, lookUp } from "./look-up.ts";
import { rcloneRows } from "./rclone-rows.ts";
import type { Row } from "./row.ts";

export interface Rows {
  readonly rows: readonly Row[];
  /** Of the file, by then. */
  readonly bytesRead: number;
}

export interface ReadOptions {
  /** null: our own rows. */
  readonly source: ImportSource | null;
  readonly key: string | null;
}

type Format = ImportSource["formats"][number];

/** The rows of a file of any length, some at a time. @throws {EvertokenError} for a file that is none of what the source writes */
export async function* readRows(chunks: AsyncIterable<Buffer>, { source, key }: ReadOptions): AsyncGenerator<Rows> {
  let bytesRead = 0;
  const counted = (async function* () {
    for await (const chunk of chunks) {
      bytesRead += chunk.length;
      yield chunk;
    }
  })();
  const first = await firstChunk(counted);
  if (first.every((byte) => byte <= 0x20)) return;
  const format = formatOf(first, source);
  const whole = (async function* () {
    yield first;
    yield* counted;
  })();
  for await (const rows of rowsOf(format, whole, source, key)) {
    yield { rows: source?.list === undefined ? rows : rows.flatMap((row) => listed(row, source)), bytesRead };
  }
}

/** Some bytes, and nothing that is only white space. */
async function firstChunk(chunks: AsyncGenerator<Buffer>): Promise<Buffer> {
  let first = Buffer.alloc(0);
  while (first.length < 4 || first.every((byte) => byte <= 0x20)) {
    const { value, done } = await chunks.next();
    if (done) break;
    first = Buffer.concat([first, value]);
  }
  return first;
}

/** By how it begins, among those that the source writes. */
function formatOf(first: Buffer, source: ImportSource | null): Format {
  const mark = first.subarray(0, 2).toString("hex");
  if (mark === "fffe" || mark === "feff" || isEverySecondZero(first.subarray(0, 16)))
    throw new EvertokenError("invalid_input", "the file is in UTF-16: save it as UTF-8");
  if (mark === "1f8b" || mark === "504b")
    throw new EvertokenError("invalid_input", "the file is compressed: unpack it first");
  const formats = source?.formats ?? ["json"];
  const isJson = /^\uFEFF?\s*[[{]/.test(first.subarray(0, 65_536).toString());
  if (isJson && formats[0] === "csv")
    throw new EvertokenError(
      "invalid_input",
      "this is JSON and no table: name the system that wrote it, or leave --from out",
    );
  if (formats.length === 1) return formats[0] as Format;
  return isJson ? "json" : "csv";
}

/** Latin text in UTF-16 without its mark. */
function isEverySecondZero(beginning: Buffer): boolean {
  const bytes = [...beginning];
  return [0, 1].some((odd) => bytes.length > 3 && bytes.every((byte, index) => (byte === 0) === (index % 2 === odd)));
}

function rowsOf(format: Format, chunks: AsyncIterable<Buffer>, source: ImportSource | null, key: string | null) {
  switch (format) {
    case "json":
      return jsonRows(chunks);
    case "csv":
      return csvRows(chunks, source?.header);
    case "rclone":
      return rcloneRows(chunks, key);
    default:
      return format satisfies never;
  }
}

async function* jsonRows(chunks: AsyncIterable<Buffer>): AsyncGenerator<Row[]> {
  const splitter = createJsonSplitter();
  for await (const chunk of chunks) yield splitter.push(chunk);
  yield splitter.end();
}

/** An answer of an API holds its rows in a list. */
function listed(row: Row, { list = "", marks }: ImportSource): Row[] {
  if (!isObject(row.value)) return [row];
  const inner = lookUp(row.value, list);
  const isOne = marks.every((mark) =>
    mark.split("|").some((name) => lookUp(row.value as object as never, name) !== undefined),
  );
  if (isOne || inner === undefined) return [row];
  if (isObject(inner)) return [{ ...row, value: inner }];
  return Array.isArray(inner) ? inner.map((value, index) => ({ line: row.line, item: index + 1, value })) : [row];
}
