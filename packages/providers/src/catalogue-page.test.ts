import { describe, expect, it } from "vitest";
import { catalogue } from "./catalogue/index.ts";
import { cataloguePage, isStale } from "./catalogue-page.ts";

describe("docs/providers/catalogue.md", () => {
  it("says what the provider files say (node packages/providers/src/catalogue-page.ts writes it)", () => {
    expect(isStale()).toBe(false);
  });

  it("has a row for each provider, of as many cells as the head", () => {
    const rows = cataloguePage(catalogue)
      .split("\n")
      .filter((line) => line.startsWith("|"));
    expect(rows).toHaveLength(catalogue.length + 2);
    expect(new Set(rows.map((row) => row.split(" | ").length))).toEqual(new Set([8]));
  });

  it("changes with a file", () => {
    const [first, ...rest] = catalogue;
    if (first === undefined) throw new Error("an empty catalogue");
    const changed = { ...first, policy: { ...first.policy, lifetimeSeconds: 77 } };
    expect(cataloguePage([changed, ...rest])).toContain("| 1 min 17 s |");
  });
});
