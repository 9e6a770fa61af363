import { expect, test } from "vitest";
import { readableOn } from "./brand.ts";

test("a button's text can be read on the app's colour", () => {
  expect(["#000000", "#0b6b57", "#ffcc00", "#ffffff", "#a3192b", "#777777"].map(readableOn)).toEqual([
    ...["#fff", "#fff", "#000", "#000", "#fff", "#000"],
  ]);
});
