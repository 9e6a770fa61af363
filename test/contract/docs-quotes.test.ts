import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { blocksOf, pages, root } from "./docs-pages.ts";

/** Blocks that are marked `ts from <file>` stand there so, apart from how far they are indented: their file is what our tests run. */
const quotes = pages.flatMap((page) =>
  blocksOf(page).flatMap(({ info, text }) => {
    const file = / from (\S+)$/.exec(info)?.[1];
    return file === undefined ? [] : [{ page, file, text }];
  }),
);

test("there are quotes", () => expect(quotes.length).toBeGreaterThan(5));

test.each(quotes)("what $page quotes stands in $file", ({ file, text }) => {
  expect(unindented(readFileSync(join(root, file), "utf8"))).toContain(unindented(text));
});

const unindented = (text: string) => text.replaceAll(/^ +/gm, "");
