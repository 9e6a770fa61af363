import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Ground, mark } from "./ground.ts";

/** Wherever a token stands in plain that anybody ever wrote down: outputs, Redis' files, Postgres' log, spool, journals. */
export async function findLeaks({ crew, rig, redis, spool, postgresLeaks }: Ground): Promise<string[]> {
  const outputs = [...crew.outputs(), rig.clientOutput()].filter((output) => output.includes(mark));
  const files = [...redis.dataDirs, ...redis.dataDirs.map((path) => `${path}.backup`), spool.directory];
  const inFiles = (await Promise.all(files.map(filesWithToken))).flat();
  return [
    ...outputs.map((output) => `output: ${lineOf(output)}`),
    ...inFiles,
    ...postgresLeaks.map((line) => `log of Postgres: ${line}`),
  ];
}

async function filesWithToken(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const found: string[] = [];
  for (const path of paths) if ((await readFile(path)).includes(mark)) found.push(path);
  return found;
}

const lineOf = (output: string) => output.split("\n").find((line) => line.includes(mark)) ?? "";
