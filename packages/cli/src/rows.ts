/** A row of an import file. `value` is undefined when it is not JSON. */
export interface Row {
  readonly line: number;
  readonly value: unknown;
  /** Set when it swallows the rest of the file, because a bracket or a brace is never closed. */
  readonly toEnd?: true;
}

/** The rows of a JSON array, of JSON lines, or the one row of a single object, each with the line that it begins in. */
export function splitRows(source: string): Row[] {
  const text = source.replace(/^\uFEFF/, "");
  const begin = text.search(/\S/);
  if (begin === -1) return [];
  if (text[begin] === "[") return arrayRows(text, begin);
  const single = parse(text);
  if (single !== undefined) return [{ line: lineAt(text, begin), value: single }];
  return text
    .split("\n")
    .flatMap((each, index) => (each.trim() === "" ? [] : [{ line: index + 1, value: parse(each) }]));
}

/** Cuts at the commas of the outermost array, so that one bad element leaves the others readable. */
function arrayRows(text: string, begin: number): Row[] {
  const rows: Row[] = [];
  let line = lineAt(text, begin);
  let start: { at: number; line: number } | null = null;
  let depth = 0;
  const take = (end: number) => {
    if (start !== null) rows.push({ line: start.line, value: parse(text.slice(start.at, end)) });
    start = null;
  };
  for (let at = begin; at < text.length; at++) {
    const character = text[at] as string;
    if (character === "\n") line++;
    if (depth === 1 && start === null && /[^\s,\]]/.test(character)) start = { at, line };
    if (character === '"') at = endOfString(text, at);
    else if (character === "[" || character === "{") depth++;
    else if (character === "]" || character === "}") {
      if (depth === 1) take(at);
      depth--;
    } else if (character === "," && depth === 1) take(at);
    if (depth === 0) return [...rows, ...trailing(text, at + 1, line)];
  }
  // The array never ends: what was cut off is one more bad row.
  return [...rows, { line: (start as { line: number } | null)?.line ?? line, value: undefined, toEnd: true }];
}

/** The closing quote; a string of JSON has no line break in it, so one that is left open ends there. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at;
    else if (text[at] === "\n") return at - 1;
  }
  return text.length;
}

function trailing(text: string, from: number, line: number): Row[] {
  return text.slice(from).trim() === "" ? [] : [{ line, value: undefined }];
}

const lineAt = (text: string, end: number) => text.slice(0, end).split("\n").length;

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
