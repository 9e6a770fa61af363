import { mkdirSync, statSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

const mode = 0o700;

/** Not by `recursive`: where the system says ENOENT however often it is asked, as below /proc, Node asks for ever. */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (codeOf(error) === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (!lacksParent(error, path)) throw error;
    await makeDirectory(dirname(path));
    await mkdir(path, { mode }).catch(unlessThere);
  }
}

export function makeDirectorySync(path: string): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (codeOf(error) === "EEXIST" && statSync(path).isDirectory()) return;
    if (!lacksParent(error, path)) throw error;
    makeDirectorySync(dirname(path));
    try {
      mkdirSync(path, { mode });
    } catch (again) {
      unlessThere(again);
    }
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

const lacksParent = (error: unknown, path: string) => codeOf(error) === "ENOENT" && dirname(path) !== path;

/** Another process makes the same directory. */
function unlessThere(error: unknown): void {
  if (codeOf(error) !== "EEXIST") throw error;
}
