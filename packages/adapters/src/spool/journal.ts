import { randomUUID } from "node:crypto";
import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readFiles } from "./entry-files.ts";
import type { Found } from "./faults.ts";
import { makeDirectorySync } from "./make-directory.ts";

/**
 * What this process holds in its hands: token sets that have come and are not committed yet, each a line in a file. Written synchronously
 * on purpose: a few microseconds, and when `note` returns the line is the kernel's, where a killed process no longer takes it along. It is
 * not synced to disk, so a power loss does.
 */
export interface Journal {
  note(name: string, text: string): void;
  /** It is safe elsewhere. */
  strike(name: string): void;
  /** Leaves nothing behind but what is not safe elsewhere. */
  close(): void;
}

/** What another process, or an earlier one, left in its journal. */
export interface LeftJournal {
  readonly path: string;
  readonly lines: readonly Found[];
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
  bytes: number;
  accepts: boolean;
  /** By the monotonic clock. */
  readonly until: number;
}

/** @param onError the disk is full, or may not be written: the net has a hole, and the work goes on */
export function createJournal(directory: string, onError: (error: unknown) => void): Journal {
  const pageOf = new Map<string, Page>();
  let current: Page | null = null;
  let closed = false;

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
  const retire = (page: Page) => {
    if (!page.accepts) return;
    page.accepts = false;
    closeIfDone(page);
  };
  const openPage = (): Page => {
    makeDirectorySync(directory);
    const path = join(directory, `${process.pid}-${randomUUID().slice(0, 8)}${suffix}`);
    const until = performance.now() + acceptsMs;
    const page: Page = { path, file: openSync(path, "wx", 0o600), open: new Set(), bytes: 0, accepts: true, until };
    setTimeout(() => retire(page), acceptsMs).unref();
    return page;
  };

  return {
    note(name, text) {
      trying(() => {
        // Not by the timer alone: in a process that stood still it may come after this line, when another one has taken the file for left.
        if (current !== null && current.until < performance.now()) retire(current);
        const page = current?.accepts ? current : openPage();
        current = page;
        try {
          append(page, `${text}\n`);
          page.open.add(name);
          pageOf.set(name, page);
        } catch (error) {
          // Nothing follows a torn line.
          retire(page);
          throw error;
        }
        if (closed) page.accepts = false;
      });
    },
    strike(name) {
      const page = pageOf.get(name);
      pageOf.delete(name);
      if (page?.open.delete(name)) closeIfDone(page);
    },
    close() {
      closed = true;
      if (current !== null) retire(current);
    },
  };
}

/** A disk that is nearly full takes a part and says so: what does not fit was not written. */
function append(page: Page, line: string): void {
  const bytes = Buffer.from(line);
  try {
    const written = writeSync(page.file, bytes);
    if (written !== bytes.length) throw new Error(`ENOSPC: ${written} of ${bytes.length} bytes were written`);
    page.bytes += written;
  } catch (error) {
    ftruncateSync(page.file, page.bytes);
    throw error;
  }
}

/** Journals in which nobody has written for a while. The last line of one may be torn: it was never answered for. */
export async function leftJournals(
  directory: string,
  now: number,
  passOver: (path: string) => boolean,
): Promise<LeftJournal[]> {
  const left: LeftJournal[] = [];
  const wanted = (name: string) => isJournal(name) && !passOver(join(directory, name));
  for (const { where: path, ...found } of await readFiles(directory, wanted, now - leftMs)) {
    left.push({ path, lines: "bytes" in found ? linesOf(path, `${found.bytes}`) : [{ where: path, ...found }] });
  }
  return left;
}

/** Whole lines only. */
function linesOf(path: string, text: string): Found[] {
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  return lines.flatMap((line, index) => (line === "" ? [] : [{ where: `${path} line ${index + 1}`, text: line }]));
}

/** The whole lines of all journals, those of living processes too, in which this stands: the rest is not even made text of. */
export async function linesAbout(directory: string, what: string): Promise<Found[]> {
  const found: Found[] = [];
  for (const { where, ...one } of await readFiles(directory, isJournal)) {
    const bytes = "bytes" in one ? one.bytes : nothing;
    for (let at = bytes.indexOf(what); at >= 0; ) {
      const end = bytes.indexOf("\n", at);
      if (end < 0) break;
      found.push({ where, text: bytes.toString("utf8", bytes.lastIndexOf("\n", at) + 1, end) });
      at = bytes.indexOf(what, end);
    }
  }
  return found;
}

const nothing = Buffer.alloc(0);

export const removeJournal = (path: string) => rm(path, { force: true });

const isJournal = (name: string) => name.endsWith(suffix);
