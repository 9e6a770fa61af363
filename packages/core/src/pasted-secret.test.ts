import fc from "fast-check";
import { expect, test } from "vitest";
import { readPasted } from "./pasted-secret.ts";

const secret = "sk_live-AZ09._~+/=";

test.each([
  ["a line break", `${secret}\n`, ["white space"]],
  ["white space", `\t ${secret} \r\n`, ["white space"]],
  ["a byte order mark", `\ufeff${secret}`, ["white space"]],
  ["double quotes", `"${secret}"`, ["quotes"]],
  ["single quotes and a line break", `'${secret}'\n`, ["white space", "quotes"]],
  ["a header's value", `Bearer ${secret}`, ['"Bearer"']],
  ["a header", `Authorization: bearer ${secret}`, ['"Bearer"']],
  ["a GitHub header", `token ${secret}`, ['"token"']],
  ["all of it", ` "Bearer '${secret}'" `, ["white space", "quotes", '"Bearer"']],
])("%s is taken off, with a word", (_what, text, removed) => {
  expect(readPasted(text)).toEqual({ value: secret, removed });
});

test.each([
  ["a line break", "abc\ndef"],
  ["a carriage return", "abc\rdef"],
  ["NUL", "abc\0"],
  ["NUL in quotes", '"\0abc"'],
])("%s within is refused, and not quoted", (_what, text) => {
  expect(readPasted(text)).toEqual({ fault: expect.stringContaining("control character") });
});

test("half of a surrogate pair within is refused: stored, it would be another token", () => {
  expect(readPasted("abc\ud800")).toEqual({ fault: expect.stringContaining("surrogate") });
});

test.each(["", " \n", '""', '" "'])("nothing is left of %j", (text) => {
  expect(readPasted(text)).toEqual({ fault: "is empty" });
});

test.each(["tokenized", "bearer", 'a"b"c', "it's", "Bearerabc", "two words", '"', "'half"])(
  "%s stays as it is",
  (text) => {
    expect(readPasted(text)).toEqual({ value: text, removed: [] });
  },
);

test("whatever comes in, a second look finds nothing more to take off", () => {
  const pieces = fc.array(fc.constantFrom('"', "'", " ", "\n", "Bearer ", "token ", "a", "\0", "=", "“", "”"), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(pieces, (parts) => {
      const read = readPasted(parts.join(""));
      if ("value" in read) expect(readPasted(read.value)).toEqual({ value: read.value, removed: [] });
    }),
  );
});
