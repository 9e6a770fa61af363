import { createHash } from "node:crypto";
import { createReadStream, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { EvertokenError } from "@evertoken/engine";

import type { Counts } from "./tally.ts";

/** How far an import came: beside its file, without anything of its rows. */
interface Progressed extends Counts {
  /** When the import began, resumed or not: what was connected since then is newer than the file. */
  readonly startedAt: Date;
  /** So many rows are dealt with, from the top. */
  readonly done: number;
}

export interface Checkpoint {
  /** Where an earlier run stopped; null: this one begins. */
  readonly resumed: Progressed | null;
  keep(progress: Progressed): void;
  /** The import has ended. */
  remove(): void;
}

const checkpointPath = (file: string) => `${file}.import-progress`;

/** @throws {EvertokenError} for an import that was begun and is neither resumed nor forgotten, and for one that cannot be resumed */
export async function openCheckpoint(file: string, resume: boolean): Promise<Checkpoint> {
  const path = checkpointPath(file);
  const sha256 = await hashOf(file);
  const found = read(path);
  if (resume && found === null) throw invalid(`there is nothing to resume: ${path} is not there, or cannot be read`);
  if (resume && found?.sha256 !== sha256)
    throw invalid(`${file} has changed since its import began: it cannot be resumed`);
  if (!resume && found?.sha256 === sha256) {
    // To begin anew would put tokens that were refreshed meanwhile back to those of the file.
    throw invalid(
      `an import of this file was begun and not ended: go on with --resume, or delete ${path} to begin anew`,
    );
  }
  let writable = true;
  return {
    resumed: resume ? found : null,
    keep(progress) {
      if (!writable) return;
      try {
        // Whole or not at all: a kill in the middle of a write leaves the one before.
        writeFileSync(`${path}.new`, JSON.stringify({ sha256, ...progress }), { mode: 0o600 });
        renameSync(`${path}.new`, path);
      } catch {
        writable = false; // a read-only place: the import goes on, and cannot be resumed
      }
    },
    remove: () => rmSync(path, { force: true }),
  };
}

/** For rows that come from a pipe: they are gone when we stop. */
export const noCheckpoint: Checkpoint = { resumed: null, keep: () => undefined, remove: () => undefined };

/** In pieces: a file may be longer than any text can be. */
async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** null: not there, or not one of ours: it was written whole, so nothing in between needs to be understood. */
function read(path: string): (Progressed & { readonly sha256: string }) | null {
  try {
    const found = JSON.parse(readFileSync(path, "utf8"));
    const counts = [found.done, found.imported, found.reconnected, found.skipped, found.refused];
    const startedAt = new Date(found.startedAt);
    const ours = counts.every(Number.isInteger) && Array.isArray(found.bad) && !Number.isNaN(startedAt.getTime());
    return ours ? { ...found, startedAt } : null;
  } catch {
    return null;
  }
}

const invalid = (message: string) => new EvertokenError("invalid_input", message);
