import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Memory } from "@evertoken/core";
import { within } from "../running-work.ts";
import { makeDirectory } from "../spool/make-directory.ts";
import type { RedisClient } from "./redis.ts";

/** What Redis and the disk know of the installation: an older state of the database is told by it. */
export interface InstallationMemory {
  readonly redis: {
    /** @throws when it does not answer soon: it may remember something */
    read(): Promise<Memory | null>;
    /** Leaves the memory of another installation alone. */
    write(memory: Memory): Promise<void>;
    /** Whoever's it was. */
    overwrite(memory: Memory): Promise<void>;
  };
  /** A file per installation: databases may share a machine. Reading never throws. */
  readonly disk: { read(identity: string): Promise<Memory | null>; write(memory: Memory): Promise<void> };
}

const patienceMs = 300;

/** KEYS: memory; ARGV: identity, text. A text that is written later compares as greater. */
const writeScript = `
local known = redis.call('GET', KEYS[1])
if known and (string.sub(known, 1, 36) ~= ARGV[1] or known > ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`;

/** @param redis must say soon that it is away */
export function createInstallationMemory(redis: RedisClient, prefix: string, directory: string): InstallationMemory {
  const key = `{${prefix}}:installation`;
  const pathOf = (identity: string) => join(directory, `installation-${identity}`);
  return {
    redis: {
      async read() {
        const reading = redis.get(key);
        if (!(await within(patienceMs, reading))) throw new Error("Redis does not answer");
        return parse(await reading);
      },
      async write(memory) {
        await redis.eval(writeScript, 1, key, memory.identity, format(memory));
      },
      async overwrite(memory) {
        await redis.set(key, format(memory));
      },
    },
    disk: {
      read: async (identity) => parse(await readFile(pathOf(identity), "utf8").catch(() => null)),
      async write(memory) {
        await makeDirectory(directory);
        const temporary = join(directory, `${process.pid}.${randomUUID().slice(0, 8)}.tmp`);
        await writeFile(temporary, format(memory), { mode: 0o600 });
        await rename(temporary, pathOf(memory.identity));
      },
    },
  };
}

const format = ({ identity, beatAt }: Memory) => `${identity} ${beatAt.toISOString()}`;

const written = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (\S+)$/;

/** What is no memory of ours says nothing. */
function parse(text: string | null): Memory | null {
  const [, identity, at] = written.exec(text?.trim() ?? "") ?? [];
  const beatAt = new Date(at ?? "");
  return identity === undefined || Number.isNaN(beatAt.getTime()) ? null : { identity, beatAt };
}
