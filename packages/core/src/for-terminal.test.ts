import fc from "fast-check";
import { expect, test } from "vitest";
import { forTerminal } from "./for-terminal.ts";

const text = fc.string({
  unit: fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    fc.constantFrom(..."\x1b\x07\r\n\x9b\u202e\u2066\u061c\u2028ab"),
  ),
});

test("whatever a line holds, nothing of it acts on a terminal", () => {
  fc.assert(
    fc.property(text, (line) => void expect(forTerminal(line)).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u)),
  );
});

test("a line of JSON stays the same value", () => {
  fc.assert(
    fc.property(text, (value) => void expect(JSON.parse(forTerminal(JSON.stringify({ value })))).toEqual({ value })),
  );
});

test("what people write stays as it is, and once is as good as twice", () => {
  expect(forTerminal("Zoë, 李, עברית, 👩‍💻 <a>")).toBe("Zoë, 李, עברית, 👩‍💻 <a>");
  fc.assert(fc.property(text, (line) => void expect(forTerminal(forTerminal(line))).toBe(forTerminal(line))));
});

test.each([
  ["an escape sequence", "\x1b]0;owned\x07", "\\u001b]0;owned\\u0007"],
  ["one of a single character", "\x9b2J", "\\u009b2J"],
  ["a line that is turned round", "Ada \u202elive", "Ada \\u202elive"],
])("%s is seen and not carried out", (_what, line, seen) => {
  expect(forTerminal(line)).toBe(seen);
});
