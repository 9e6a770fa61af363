import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * What this process holds in its hands: token sets that have come and are not committed yet, each a line in a file. Written synchronously
 * on purpose: a few microseconds, and when `note` returns the line is the kernel's, where a killed process no longer takes it along. It is
 * not synced to disk, so a power loss does.
 */
export interface Journal {
  note(name: string, text: string): void;
  /** It is safe elsewhere. */
  strike(name: string): void;
}

/** What another process, or an earlier one, left in its journal. */
export interface LeftJournal {
  readonly path: string;
  readonly texts: readonly string[];
}

/** A file takes lines for so long, then the next one does; it goes when all that it holds is struck. */
const acceptsMs = 5000;

/** Nobody has written to it for this long: whoever did is dead, or long at work on what stands in it. */
const leftMs = 2 * acceptsMs;

const suffix = ".journal";

interface Page {
  readonly path: string;
  readonly file: number;
  readonly open: Set<string>;
  accepts: boolean;
}

/** @param onError the disk is full, or may not be written: the net has a hole, and the work goes on */
export function createJournal(directory: string, onError: (error: unknown) => void): Journal {
  const pageOf = new Map<string, Page>();
  let current: Page | null = null;

  const trying = (action: () => void) => {
    try {
      action();
    } catch (error) {
      onError(error);
    }
  };
  const closeIfDone = (page: Page) => {
    if (page.accepts || page.open.size > 0) return;
    trying(() => closeSync(page.file));
    trying(() => rmSync(page.path, { force: true }));
  };
  const openPage = (): Page => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, `${process.pid}-${randomUUID().slice(0, 8)}${suffix}`);
    const page: Page = { path, file: openSync(path, "wx", 0o600), open: new Set(), accepts: true };
    setTimeout(() => {
      page.accepts = false;
      closeIfDone(page);
    }, acceptsMs).unref();
    return page;
  };

  return {
    note(name, text) {
      trying(() => {
        const page = current?.accepts ? current : openPage();
        current = page;
        writeSync(page.file, `${text}\n`);
        page.open.add(name);
        pageOf.set(name, page);
      });
    },
    strike(name) {
      const page = pageOf.get(name);
      pageOf.delete(name);
      if (page?.open.delete(name)) closeIfDone(page);
    },
  };
}

/** Journals in which nobody has written for a while. The last line of one may be torn: it was never answered for. */
export async function leftJournals(directory: string, now: number): Promise<LeftJournal[]> {
  const paths = (await filesOf(directory)).map((name) => join(directory, name));
  const found = await Promise.all(
    paths.map(async (path) => {
      const written = await stat(path).catch(() => null);
      if (written === null || now - written.mtimeMs < leftMs) return [];
      return [{ path, texts: await linesOf(path) }];
    }),
  );
  return found.flat();
}

/** All lines of all journals, those of living processes too. */
export async function journalTexts(directory: string): Promise<string[]> {
  const names = await filesOf(directory);
  return (await Promise.all(names.map((name) => linesOf(join(directory, name))))).flat();
}

export const removeJournal = (path: string) => rm(path, { force: true });

async function filesOf(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => name.endsWith(suffix));
}

/** Whole lines only. Gone meanwhile: all of it is struck. */
async function linesOf(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "");
}
