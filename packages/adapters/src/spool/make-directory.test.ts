import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { makeDirectory, makeDirectorySync } from "./make-directory.ts";

const base = mkdtempSync(join(tmpdir(), "evertoken-directory-"));
afterEach(() => rmSync(base, { recursive: true, force: true }));

describe.each([
  ["asynchronously", makeDirectory],
  ["synchronously", async (path: string) => makeDirectorySync(path)],
])("%s", (_how, make) => {
  test("a directory is made with all that lead to it, for us alone, and found again", async () => {
    const path = join(base, "a", "b", "c");
    await make(path);
    await make(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  test("a file in its place is no directory", async () => {
    await make(base);
    writeFileSync(join(base, "file"), "");
    await expect(make(join(base, "file"))).rejects.toMatchObject({ code: "EEXIST" });
    await expect(make(join(base, "file", "below"))).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  test.runIf(process.platform === "linux")(
    "where none can be made, it is said rather than tried for ever",
    async () => {
      await expect(make("/proc/none/spool")).rejects.toMatchObject({ code: "ENOENT" });
    },
  );
});
