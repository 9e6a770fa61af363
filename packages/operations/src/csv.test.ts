import { expect, test } from "vitest";
import { csv } from "./csv.ts";

test("cells are quoted where they need it, and none is a formula", () => {
  const at = new Date("2026-11-26T12:00:00Z");
  expect(
    csv(
      ["A", "B"],
      [
        [at, null],
        ['say "hi"', "a,b"],
        ["=1+1", "@x"],
        ["-2", "\tx"],
        ["+1", 'a\n"=b'],
      ],
    ),
  ).toEqual([...["A,B", "2026-11-26T12:00:00.000Z,", '"say ""hi""","a,b"', "'=1+1,'@x", "'-2,'\tx", `'+1,"a\n""=b"`]]);
});
