import { parseJson } from "./parse-json.ts";
import { longestRow, type Row, tooLong } from "./row.ts";

/** Takes a file in pieces, and gives the rows that are whole. No more than one row is held. */
export interface Splitter {
  push(chunk: Buffer): Row[];
  end(): Row[];
}

const [quote, comma, backslash, lineBreak] = [0x22, 0x2c, 0x5c, 0x0a];
const opens = (byte: number) => byte === 0x5b || byte === 0x7b;
const closes = (byte: number) => byte === 0x5d || byte === 0x7d;
const isSpace = (byte: number) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/**
 * The rows of a JSON array, of JSON lines, or the one row of a single object, each with the line that it begins in, and of an array with its
 * number. Cut by hand, because a parser for streams stops at the first bad byte: here one bad element leaves the others readable.
 */
export function createJsonSplitter(): Splitter {
  let splitter: Splitter | null = null;
  let head = Buffer.alloc(0);
  let line = 1;
  const begin = (): Row[] => {
    if (head.indexOf(Buffer.from([0xef, 0xbb, 0xbf])) === 0) head = head.subarray(3);
    let at = 0;
    for (; at < head.length && isSpace(head[at] as number); at++) if (head[at] === lineBreak) line++;
    if (at === head.length) return [];
    splitter = head[at] === 0x5b ? arrayRows(line) : lineRows(line);
    return splitter.push(head.subarray(at));
  };
  return {
    push(chunk) {
      if (splitter !== null) return splitter.push(chunk);
      head = Buffer.concat([head, chunk]);
      return head.length < 3 ? [] : begin();
    },
    end() {
      const rows = splitter === null ? begin() : [];
      return [...rows, ...((splitter as Splitter | null)?.end() ?? [])];
    },
  };
}

/** Rows that end with their line; or all of it one object, which is only known at the end. */
function lineRows(firstLine: number): Splitter {
  let line = firstLine;
  let rest: Buffer[] = [];
  let length = 0;
  let overlong = false;
  /** Until the first line has turned out to be a row of its own, what came is kept: it may be the beginning of one object. */
  let whole: Buffer[] | null = [];
  let held = 0;

  const take = (row: Row[], end: Buffer) => {
    const bytes = rest.length === 0 ? end : Buffer.concat([...rest, end]);
    if (overlong || bytes.length > longestRow) row.push({ line, value: undefined, fault: tooLong });
    else if (bytes.some((byte) => !isSpace(byte))) row.push({ line, ...parseJson(bytes) });
    [rest, length, overlong] = [[], 0, false];
  };
  const split = (chunk: Buffer): Row[] => {
    const rows: Row[] = [];
    let from = 0;
    for (let at = chunk.indexOf(lineBreak); at !== -1; at = chunk.indexOf(lineBreak, from)) {
      take(rows, chunk.subarray(from, at));
      line++;
      from = at + 1;
    }
    length += chunk.length - from;
    if (overlong || length > longestRow) [rest, overlong] = [[], true];
    else if (from < chunk.length) rest.push(chunk.subarray(from));
    return rows;
  };
  const decide = (chunk: Buffer): Row[] => {
    if (whole === null) return split(chunk);
    whole.push(chunk);
    held += chunk.length;
    const all = chunk.includes(lineBreak) || held > longestRow ? Buffer.concat(whole) : null;
    const first = all?.indexOf(lineBreak) ?? -1;
    const decided =
      held > longestRow || (first !== -1 && parseJson((all as Buffer).subarray(0, first)).fault === undefined);
    if (all === null || !decided) return [];
    whole = null;
    return split(all);
  };
  return {
    push: decide,
    end() {
      if (whole === null) {
        const rows: Row[] = [];
        take(rows, Buffer.alloc(0));
        return rows;
      }
      const all = Buffer.concat(whole);
      whole = null;
      const single = parseJson(all);
      if (single.fault !== "this is not JSON") return [{ line, ...single }];
      const rows = split(all);
      take(rows, Buffer.alloc(0));
      return rows;
    },
  };
}

const cutOff = { value: undefined, fault: "from here to the end this is not JSON" };

/** Cuts at the commas of the outermost array. */
function arrayRows(firstLine: number): Splitter {
  let line = firstLine;
  let depth = 0;
  let [inString, escaped, over, overlong, ignored] = [false, false, false, false, false];
  let carried = Buffer.alloc(0);
  let startLine: number | null = null;
  let item = 0;
  return {
    push(chunk) {
      if (ignored) return [];
      const rows: Row[] = [];
      const bytes = carried.length === 0 ? chunk : Buffer.concat([carried, chunk]);
      let start = startLine === null ? -1 : 0;
      const take = (end: number) => {
        if (startLine === null) return;
        const row = overlong ? { value: undefined, fault: tooLong } : parseJson(bytes.subarray(start, end));
        rows.push({ line: startLine, item, ...row });
        [start, startLine, overlong] = [-1, null, false];
      };
      for (let at = carried.length; at < bytes.length; at++) {
        const byte = bytes[at] as number;
        if (byte === lineBreak) line++;
        if (over) {
          if (isSpace(byte)) continue;
          rows.push({ line, value: undefined, fault: "this stands behind the end of the array" });
          ignored = true;
          return rows;
        }
        if (depth === 1 && startLine === null && !isSpace(byte) && byte !== comma && byte !== 0x5d) {
          [start, startLine] = [at, line];
          item++;
        }
        if (inString) {
          // A string of JSON has no line break in it, so one that is left open ends there.
          if (escaped) escaped = false;
          else if (byte === backslash) escaped = true;
          else if (byte === quote || byte === lineBreak) inString = false;
        } else if (byte === quote) inString = true;
        else if (opens(byte)) depth++;
        else if (closes(byte)) {
          if (depth === 1) take(at);
          depth--;
          over = depth === 0;
        } else if (byte === comma && depth === 1) take(at);
      }
      carried = start === -1 ? Buffer.alloc(0) : Buffer.from(bytes.subarray(start));
      if (overlong || carried.length > longestRow) [carried, overlong] = [Buffer.alloc(0), true];
      return rows;
    },
    /** The array never ends: what was cut off is one more bad row. */
    end: () => (over ? [] : [{ line: startLine ?? line, item: startLine === null ? item + 1 : item, ...cutOff }]),
  };
}
