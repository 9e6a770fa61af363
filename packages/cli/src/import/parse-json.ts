import type { Place, Row } from "./row.ts";

/** JSON text in UTF-8, as the value of a row. Never quotes what it was given: the parser's own message would, and with it a token. */
export function parseJson(bytes: Uint8Array): Omit<Row, keyof Place> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { value: undefined, fault: "this is not text in UTF-8" };
  }
  try {
    const value: unknown = /\d{16}/.test(text) ? JSON.parse(text, keepLongNumbers) : JSON.parse(text);
    const twice = keyTwice(text);
    return twice ? { value: undefined, fault: "the same field stands in it twice" } : { value };
  } catch {
    return { value: undefined, fault: "this is not JSON" };
  }
}

/** Ids of accounts may have more digits than a number keeps: beyond 2^53 they stay the text that they are. */
function keepLongNumbers(_: string, value: unknown, { source }: { source?: string } = {}): unknown {
  const whole = typeof value === "number" && source !== undefined && /^-?\d+$/.test(source);
  return whole && !Number.isSafeInteger(value) ? source : value;
}

/** The parser keeps the last of two: which token was meant, nobody can tell. */
function keyTwice(text: string): boolean {
  const open: Set<string>[] = [];
  for (const [piece, key, colon] of text.matchAll(/[{}]|("(?:[^"\\]|\\.)*")(\s*:)?/g)) {
    if (piece === "{") open.push(new Set());
    else if (piece === "}") open.pop();
    else if (key !== undefined && colon !== undefined) {
      const keys = open.at(-1);
      if (keys?.has(key)) return true;
      keys?.add(key);
    }
  }
  return false;
}
