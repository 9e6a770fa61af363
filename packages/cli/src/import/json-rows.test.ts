import { describe, expect, test } from "vitest";
import { createJsonSplitter } from "./json-rows.ts";
import type { Row } from "./row.ts";

/** In pieces of every size, so that no cut falls where it does no harm. */
function splitRows(text: string): Row[] {
  const bytes = Buffer.from(text);
  const inPieces = (size: number) => {
    const splitter = createJsonSplitter();
    const rows: Row[] = [];
    for (let at = 0; at < bytes.length; at += size) rows.push(...splitter.push(bytes.subarray(at, at + size)));
    return [...rows, ...splitter.end()];
  };
  const rows = inPieces(bytes.length + 1);
  for (const size of [1, 2, 3, 5, 7]) expect(inPieces(size)).toEqual(rows);
  return rows;
}

const notJson = { value: undefined, fault: "this is not JSON" };

describe("rows of an import file", () => {
  test("JSON lines, with the line of each", () => {
    expect(splitRows('{"a":1}\n\n{"a":\n{"a":3}\n')).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 3, ...notJson },
      { line: 4, value: { a: 3 } },
    ]);
  });

  test("an array, over several lines", () => {
    expect(splitRows('\n[\n  {"a": "],\\"{"},\n  {\n "b": [1, {}]\n  }\n]\n')).toEqual([
      { line: 3, item: 1, value: { a: '],"{' } },
      { line: 4, item: 2, value: { b: [1, {}] } },
    ]);
  });

  test("a bad element leaves the others readable", () => {
    expect(splitRows('[{"a":1},\n{"a":oops},\n{"a":3}]')).toEqual([
      { line: 1, item: 1, value: { a: 1 } },
      { line: 2, item: 2, ...notJson },
      { line: 3, item: 3, value: { a: 3 } },
    ]);
    expect(splitRows('[{"a":1}, {"a":oops}, 3]').map(({ line, item }) => [line, item])).toEqual([
      [1, 1],
      [1, 2],
      [1, 3],
    ]);
  });

  test("an open string ends with its line", () => {
    expect(splitRows('[{"a":"1},\n{"a":2}]').at(-1)?.value).toBeUndefined();
  });

  test("an array that is cut off has one more bad row", () => {
    expect(splitRows('[{"a":1},\n{"a":')).toEqual([
      { line: 1, item: 1, value: { a: 1 } },
      { line: 2, item: 2, value: undefined, fault: "from here to the end this is not JSON" },
    ]);
    expect(splitRows('[{"a":1}')).toHaveLength(1);
    expect(splitRows('[{"a":1}')[0]?.value).toBeUndefined();
  });

  test("text after the array is a bad row", () => {
    expect(splitRows('[{"a":1}]\n{"a":2}').map(({ value }) => value)).toEqual([{ a: 1 }, undefined]);
  });

  test("one object over several lines is one row; nothing is no row", () => {
    expect(splitRows('{\n"a": 1\n}')).toEqual([{ line: 1, value: { a: 1 } }]);
    expect(splitRows(" \n")).toEqual([]);
    expect(splitRows("[]")).toEqual([]);
  });

  test("a number that is no account id any more stays the text that it is", () => {
    expect(splitRows('{"id":12345678901234567890,"n":1e20,"t":1795000000}')[0]?.value).toEqual({
      ...{ id: "12345678901234567890", n: 1e20, t: 1795000000 },
    });
  });

  test.each([["a field that stands twice", '{"a":1,"b":{"a":2},"a":3}', "twice"]])("%s", (_, text, fault) => {
    expect(splitRows(text)[0]?.fault ?? "").toContain(fault);
  });

  test("the mark of UTF-8, and lines that end as on Windows", () => {
    expect(splitRows('\ufeff{"a":1}\r\n{"a":2}\r\n').map(({ value }) => value)).toEqual([{ a: 1 }, { a: 2 }]);
  });
});

test("bytes that are not UTF-8 would be another token: they are no row", () => {
  const splitter = createJsonSplitter();
  const rows = [...splitter.push(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x0a])), ...splitter.end()];
  expect(rows).toEqual([{ line: 1, value: undefined, fault: "this is not text in UTF-8" }]);
});

test.each(['{"a":1}\n', '[{"a":1},\n'])(
  "a row of 100 MB is not held: it is bad, and the next one is read",
  (before) => {
    const splitter = createJsonSplitter();
    const rows = [...splitter.push(Buffer.from(`${before}{"a":"`))];
    const piece = Buffer.alloc(1024 * 1024, "x");
    for (let n = 0; n < 100; n++) rows.push(...splitter.push(piece));
    rows.push(
      ...splitter.push(Buffer.from(before.startsWith("[") ? '"},\n{"a":3}]' : '"}\n{"a":3}')),
      ...splitter.end(),
    );
    const item = (n: number) => (before.startsWith("[") ? { item: n } : {});
    expect(rows).toEqual([
      { line: 1, ...item(1), value: { a: 1 } },
      { line: 2, ...item(2), value: undefined, fault: "this is longer than 16 MB" },
      { line: 3, ...item(3), value: { a: 3 } },
    ]);
  },
);
