import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import type { Env } from "@evertoken/adapters";

/** What `evertoken start` writes, so that the other commands find its databases and keys. */
export const localEnvFile = join(".evertoken", "env");

/** What the operator has set: the environment, over `.env`. What `evertoken start` wrote comes below that. */
export function readGivenEnvironment({ env, cwd }: { env: Env; cwd: string }): Env {
  return merge(readEnvFile(join(cwd, ".env")), env);
}

export const readLocalEnv = (cwd: string): Env => readEnvFile(join(cwd, localEnvFile));

/** A secret is given by value or by file: whichever the stronger side states, the weaker side's other form goes. */
export function merge(weaker: Env, stronger: Env): Env {
  const merged: Record<string, string | undefined> = { ...weaker };
  for (const [name, value] of Object.entries(stronger)) {
    if (isUnset(value)) continue;
    merged[name] = value;
    const otherForm = name.endsWith("_FILE") ? name.slice(0, -"_FILE".length) : `${name}_FILE`;
    if (isUnset(stronger[otherForm])) delete merged[otherForm];
  }
  return merged;
}

/** Whether a setting is given, by value or by file. */
export function isGiven(env: Env, name: string): boolean {
  return !isUnset(env[name]) || !isUnset(env[`${name}_FILE`]);
}

const isUnset = (value: string | undefined) => value === undefined || value.trim() === "";

function readEnvFile(path: string): Env {
  try {
    return parseEnv(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}
