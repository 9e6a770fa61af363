import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Redis } from "ioredis";
import type { Pool } from "pg";

/** Everything a test looks through, by where it was found. */
export type Haystack = Map<string, string>;

/** All keys and values of one Redis database, whatever their type. */
export async function redisHaystack(redis: Redis): Promise<Haystack> {
  const found: Haystack = new Map();
  for (let cursor = "0"; ; ) {
    const [next, keys] = await redis.scan(cursor, "COUNT", 1000);
    for (const key of keys) found.set(`redis ${key}`, `${key}\n${JSON.stringify(await readKey(redis, key))}`);
    cursor = next;
    if (cursor === "0") return found;
  }
}

async function readKey(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case "string":
      return redis.get(key);
    case "hash":
      return redis.hgetall(key);
    case "list":
      return redis.lrange(key, 0, -1);
    case "set":
      return redis.smembers(key);
    case "zset":
      return redis.zrange(key, 0, "-1", "WITHSCORES");
    case "stream":
      return redis.xrange(key, "-", "+");
    case "none":
      return null; // it expired meanwhile
    default:
      throw new Error(`nobody reads keys of type ${type}`);
  }
}

/** All rows of all tables, the encrypted columns included: what stands in them must not be readable either. */
export async function postgresHaystack(pool: Pool): Promise<Haystack> {
  const tables = await pool.query<{ name: string }>(
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
  );
  const found: Haystack = new Map();
  for (const { name } of tables.rows) {
    const { rows } = await pool.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM ${name} t`);
    for (const [index, { row }] of rows.entries()) found.set(`postgres ${name} ${index}`, row);
  }
  return found;
}

/** The health and metrics answers of a process. */
export async function httpHaystack(name: string, port: number): Promise<Haystack> {
  const found: Haystack = new Map();
  for (const path of ["/metrics", "/healthz", "/readyz"]) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    found.set(`${name} ${path}`, `${JSON.stringify([...answer.headers])}\n${await answer.text()}`);
  }
  return found;
}

/** What stands in the files of a directory: journals and the spool. One may go while we look. */
export async function filesHaystack(name: string, directory: string): Promise<Haystack> {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((file) => file.isFile());
  const read = async (file: string) => {
    const text = await readFile(join(directory, file), "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });
    return text === null ? [] : [[`${name} ${file}`, text] as const];
  };
  return new Map((await Promise.all(files.map(({ name: file }) => read(file)))).flat());
}

/** All that an error says to whoever prints it, its causes included. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.stack}\n${JSON.stringify(error)}\n${error.cause === undefined ? "" : errorText(error.cause)}`;
}

/**
 * Where any of the secrets stands: as it is, as hex, in base64 at any of the three offsets, or in any case and with anything between its letters
 * and digits. @returns `<place>: <secret>`
 */
export function findSecrets(haystack: Haystack, secrets: readonly string[]): string[] {
  const needles = secrets.map((secret) => ({ secret, squeezed: squeeze(secret), forms: forms(secret) }));
  return [...haystack].flatMap(([place, text]) => {
    const all = squeeze(text);
    const stands = ({ squeezed, forms }: (typeof needles)[number]) =>
      (squeezed.length >= 8 && all.includes(squeezed)) || forms.some((form) => text.includes(form));
    return needles.filter(stands).map(({ secret }) => `${place}: ${secret}`);
  });
}

const squeeze = (text: string) =>
  text
    .replaceAll(/%[\da-f]{2}|\\u[\da-f]{4}|\\[nrt]/gi, "")
    .replaceAll(/[^\p{L}\p{N}]/gu, "")
    .toLowerCase();

function forms(secret: string): string[] {
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.from("\0".repeat(offset) + secret)
      .toString("base64")
      .replace(/=+$/, "");
    // The characters at both ends also hold bits of their neighbours.
    return encoded.slice(Math.ceil((offset * 8) / 6) + (offset === 0 ? 0 : 1), -2);
  });
  return [secret, Buffer.from(secret).toString("hex"), ...base64];
}
