import { Readable } from "node:stream";
import { EvertokenError } from "@evertoken/engine";
import { type CsvError, type Info, parse } from "csv-parse";
import { isNothing } from "./look-up.ts";
import { longestRow, type Place, type Row } from "./row.ts";

const rowsAtOnce = 500;
const delimiters = [",", ";", "\t", "|"];

interface Parsed {
  readonly record: readonly string[];
  readonly info: Info;
}

/** The lines of a table under its header, with commas, semicolons, tabs or bars between the columns. */
export async function* csvRows(
  chunks: AsyncIterable<Buffer>,
  header: (name: string) => string = (name) => name,
): AsyncGenerator<Row[]> {
  const bad: Row[] = [];
  const reader = chunks[Symbol.asyncIterator]();
  const first = await untilLineBreak(reader);
  const parser = parse({
    bom: true,
    delimiter: delimiterOf(first),
    info: true,
    max_record_size: longestRow,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error: CsvError | undefined) => {
      bad.push({ line: Number(error?.lines ?? 0), value: undefined, fault: faultOf(error) });
    },
  });
  const input = Readable.from(
    (async function* () {
      yield first;
      for (let next = await reader.next(); !next.done; next = await reader.next()) yield next.value;
    })(),
  );
  input.on("error", (error) => parser.destroy(error));
  input.pipe(parser);
  let columns: string[] | null = null;
  let before = 0;
  let rows: Row[] = [];
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      // The parser tells where a record ends.
      const line = info.lines - record.reduce((breaks, text) => breaks + text.split("\n").length - 1, 0);
      before = info.lines;
      if (columns === null) columns = readHeader(record, header);
      else rows.push({ line, ...toValue(columns, record) });
      rows.push(...bad.splice(0));
      if (rows.length >= rowsAtOnce) {
        yield rows;
        rows = [];
      }
    }
  } catch (error) {
    if ((error as CsvError).code?.startsWith("CSV_") !== true) throw error;
    rows.push({ line: before + 1, value: undefined, fault: `from here to the end ${faultOf(error as CsvError)}` });
  }
  yield [...rows, ...bad];
}

/** Enough to see the header. */
async function untilLineBreak(reader: AsyncIterator<Buffer>): Promise<Buffer> {
  let first = Buffer.alloc(0);
  while (!first.includes(0x0a) && first.length < longestRow) {
    const { value, done } = await reader.next();
    if (done) break;
    first = Buffer.concat([first, value]);
  }
  return first;
}

/** What stands most often in the header. */
function delimiterOf(first: Buffer): string {
  const [line = ""] = first.subarray(0, 65_536).toString().split("\n");
  const count = (delimiter: string) => line.split(delimiter).length;
  return delimiters.reduce((best, each) => (count(each) > count(best) ? each : best));
}

function readHeader(record: readonly string[], header: (name: string) => string): string[] {
  const columns = record.map((name) => header(name.trim()));
  const again = columns.findIndex((name, index) => name !== "" && columns.indexOf(name) < index);
  if (again !== -1) {
    // Without a header these are values: none is quoted.
    const both = `${columns.indexOf(columns[again] as string) + 1} and ${again + 1}`;
    throw new EvertokenError(
      "invalid_input",
      `columns ${both} of the header have the same name: leave one of them out`,
    );
  }
  return columns;
}

function toValue(columns: readonly string[], record: readonly string[]): Omit<Row, keyof Place> {
  if (record.length !== columns.length) {
    return { value: undefined, fault: `this has ${record.length} columns, and the header ${columns.length}` };
  }
  if (record.some((text) => text.includes("\uFFFD"))) return { value: undefined, fault: "this is not text in UTF-8" };
  const entries = columns.map((name, index) => [name, record[index] as string] as const);
  return {
    value: Object.fromEntries(entries.filter(([name, text]) => name !== "" && !isNothing(text))),
  };
}

/** The parser's own message may quote the row. */
function faultOf(error: CsvError | undefined): string {
  if (error?.code === "CSV_MAX_RECORD_SIZE") return `this is longer than ${longestRow / 1024 / 1024} MB`;
  if (error?.code?.includes("INCONSISTENT") === true) return "this has not as many columns as the header";
  return error?.code?.includes("QUOTE") === true
    ? "this has a quote that is not closed, or in the wrong place"
    : "this is not CSV";
}
