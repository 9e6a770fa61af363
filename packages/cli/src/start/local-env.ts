import { randomBytes } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Env } from "@evertoken/adapters";
import { isGiven, localEnvFile, readLocalEnv } from "../environment.ts";

/** Secrets that are made up once, unless the operator gives them. */
const secrets: Readonly<Record<string, () => string>> = {
  ENCRYPTION_KEY: () => randomBytes(32).toString("hex"),
  DASHBOARD_PASSWORD: () => randomBytes(12).toString("base64url"),
  REDIS_PASSWORD: () => randomBytes(24).toString("base64url"),
  EVERTOKEN_API_KEY: () => randomBytes(32).toString("base64url"),
  DEMO_CLIENT_SECRET: () => randomBytes(24).toString("base64url"),
};

export type LocalSecrets = Readonly<Record<string, string>>;

/** Those of the last start, and new ones for what is missing; on disk before anything is encrypted with them. */
export async function readLocalSecrets(cwd: string, given: Env): Promise<LocalSecrets> {
  const known = readLocalEnv(cwd);
  const kept = Object.entries(secrets).flatMap(([name, make]) => {
    const value = known[name] ?? (isGiven(given, name) ? undefined : make());
    return value === undefined ? [] : [[name, value]];
  });
  const found = Object.fromEntries(kept) as LocalSecrets;
  await writeLocalEnv(cwd, found, {});
  return found;
}

/** Where the other commands find the databases, the keys and the demo. Only the owner may read it. */
export async function writeLocalEnv(cwd: string, kept: LocalSecrets, places: Readonly<Record<string, string>>) {
  const lines = [
    "# Written by `evertoken start`. Put settings of your own into .env, which goes before this file.",
    "# Keep the secrets: tokens that are encrypted with ENCRYPTION_KEY cannot be read without it.",
    ...toLines(kept),
    "# Where things run, since the last start:",
    ...toLines(places),
  ];
  const path = join(cwd, localEnvFile);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, `${lines.join("\n")}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
}

const toLines = (entries: Readonly<Record<string, string>>) =>
  Object.entries(entries).map(([name, value]) => `${name}=${value}`);
