import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./docs-pages.ts";

/** `["part of a test's name"](../path/of.test.ts)`: a claim of the page rests upon it. */
const link = /\["([^\]]+)"\]\(\.\.\/([^)#]+\.ts)\)/g;
const page = readFileSync(join(root, "docs/security.md"), "utf8");
const links = [...page.matchAll(link)].map(([, name = "", file = ""]) => ({ name, file }));

test("the page names tests", () => expect(links.length).toBeGreaterThan(50));

test.each(links)("a test in $file is named $name", ({ name, file }) => {
  expect(readFileSync(join(root, file), "utf8")).toContain(name);
});
