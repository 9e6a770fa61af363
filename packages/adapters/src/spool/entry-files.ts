import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Found } from "./faults.ts";
import { makeDirectory } from "./make-directory.ts";

const suffix = ".json";

/** A token set has a few kB, and a journal five seconds of them. */
const largestBytes = 200_000_000;

/** A directory of small files, written so that they survive a power loss, and read so that none of them stands in another's way. */
export function createEntryFiles(directory: string) {
  return {
    /** @throws when the directory cannot be written */
    async check(): Promise<void> {
      await makeDirectory(directory);
      const path = join(directory, `${process.pid}.${randomUUID().slice(0, 8)}.tmp`);
      await writeFile(path, "", { mode: 0o600 });
      await rm(path);
    },
    async write(name: string, text: string): Promise<void> {
      await makeDirectory(directory);
      const path = join(directory, `${name}${suffix}`);
      await writeDurably(`${path}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`, path, text, directory);
    },
    remove: (name: string) => rm(join(directory, `${name}${suffix}`), { force: true }),
    async read(wanted: (name: string) => boolean): Promise<Found[]> {
      const isWanted = (file: string) => file.endsWith(suffix) && wanted(file.slice(0, -suffix.length));
      const files = await readFiles(directory, isWanted);
      return files.map(({ where, ...one }) => ("bytes" in one ? { where, text: `${one.bytes}` } : { where, ...one }));
    },
  };
}

type Read = { readonly bytes: Buffer } | { readonly unreadable: string };

/** Says nothing of the file: this process has too much open, and can see what there is in a moment. */
const passing = new Set(["EMFILE", "ENFILE", "ENOMEM"]);

/**
 * A directory that cannot be read is itself what was found.
 *
 * @param before only what nobody has written to since then
 * @throws what passes: to take it for nothing would be to spend what stands there
 */
export async function readFiles(
  directory: string,
  wanted: (file: string) => boolean,
  before = Number.POSITIVE_INFINITY,
): Promise<({ readonly where: string } & Read)[]> {
  const files = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    if (passing.has(error.code ?? "")) throw error;
    return error.code ?? "unknown";
  });
  if (typeof files === "string") return [{ where: directory, unreadable: `it cannot be read (${files})` }];
  const found: ({ readonly where: string } & Read)[] = [];
  for (const file of files.filter(wanted)) {
    const where = join(directory, file);
    const one = await readSafely(where, before);
    if (one !== null) found.push({ where, ...one });
  }
  return found;
}

/** Neither a link nor a pipe leads or holds us anywhere. @returns null: it is gone, or too young */
async function readSafely(path: string, before: number): Promise<Read | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (stats.mtimeMs > before) return null;
      if (!stats.isFile()) return { unreadable: "it is no file" };
      if (stats.size > largestBytes) return { unreadable: `it has ${stats.size} bytes` };
      return { bytes: await file.readFile() };
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (passing.has(code ?? "")) throw error;
    return code === "ENOENT" ? null : { unreadable: `it cannot be read (${code ?? "unknown"})` };
  }
}

/** The file, then its name: after this returns, both survive a power loss. */
async function writeDurably(temporary: string, path: string, text: string, directory: string): Promise<void> {
  try {
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  const folder = await open(directory, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
