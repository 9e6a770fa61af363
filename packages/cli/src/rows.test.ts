import { describe, expect, test } from "vitest";
import { splitRows } from "./rows.ts";

describe("rows of an import file", () => {
  test("JSON lines, with the line of each", () => {
    expect(splitRows('{"a":1}\n\n{"a":\n{"a":3}\n')).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 3, value: undefined },
      { line: 4, value: { a: 3 } },
    ]);
  });

  test("an array, over several lines", () => {
    expect(splitRows('\n[\n  {"a": "],\\"{"},\n  {\n "b": [1, {}]\n  }\n]\n')).toEqual([
      { line: 3, value: { a: '],"{' } },
      { line: 4, value: { b: [1, {}] } },
    ]);
  });

  test("a bad element leaves the others readable", () => {
    expect(splitRows('[{"a":1},\n{"a":oops},\n{"a":3}]')).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 2, value: undefined },
      { line: 3, value: { a: 3 } },
    ]);
  });

  test("an open string ends with its line", () => {
    expect(splitRows('[{"a":"1},\n{"a":2}]').at(-1)?.value).toBeUndefined();
  });

  test("an array that is cut off has one more bad row", () => {
    expect(splitRows('[{"a":1},\n{"a":')).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 2, value: undefined, toEnd: true },
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
});
