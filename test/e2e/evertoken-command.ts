import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { inherited } from "../support/inherited.ts";
import { programFile, shortLived } from "../support/programs.ts";
import { onFileEnd } from "../support/services.ts";

/** What users run: it finds a Node that is new enough first. */
export const launcher = fileURLToPath(new URL("../../packages/cli/bin/evertoken.js", import.meta.url));

/** Stands at the start of each token of these tests; `runEvertoken` fails when any of it is printed. */
export const canary = "canary";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  /** What it runs in is a terminal, on all three streams. */
  readonly terminal?: boolean;
  /** Of a command that goes on: what it has printed just now. */
  readonly onOutput?: (text: string) => void;
}

/** Runs one command to its end, in an empty directory unless told otherwise. @throws when a token stands in its output */
export async function runEvertoken(args: readonly string[], { env = {}, cwd, input }: RunOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, [...shortLived, programFile("evertoken"), ...args], {
    cwd: cwd ?? (await emptyDirectory()),
    env: { ...inherited(), ...env },
  });
  child.stdin.end(input ?? "");
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (`${stdout}${stderr}`.includes(canary)) throw new Error(`a token was printed by: evertoken ${args.join(" ")}`);
  return { code: await ended, stdout, stderr };
}

/** Found by place, like an app: nobody depends on the command. */
const cliModule = new URL("../../packages/cli/src/cli.ts", import.meta.url).href;
type Cli = { runCli(args: readonly string[], surroundings: object): Promise<number> };

/** The same without a process of its own: many times faster. For what does not depend on files or signals. */
export async function runInProcess(
  args: readonly string[],
  { env = {}, input, terminal = false, onOutput }: RunOptions = {},
): Promise<Ended> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  if (terminal) {
    for (const stream of [stdin, stdout, stderr]) Object.assign(stream, { isTTY: true, columns: 160, rows: 40 });
    Object.assign(stdin, { setRawMode: () => stdin });
  }
  const printed = text(stdout.pipe(new PassThrough()));
  if (onOutput !== undefined) stdout.on("data", (data: Buffer) => onOutput(data.toString()));
  stdin.end(input ?? "");
  const { runCli } = (await import(cliModule)) as Cli;
  const code = await runCli(args, { env, cwd: tmpdir(), stdin, stdout, stderr });
  for (const stream of [stdout, stderr]) stream.end();
  const ended = { code, stdout: await printed, stderr: await text(stderr) };
  if (`${ended.stdout}${ended.stderr}`.includes(canary)) throw new Error(`a token was printed by: ${args.join(" ")}`);
  return ended;
}

/** The commands that a help text names. */
async function commandsIn(...path: string[]): Promise<string[]> {
  const { stdout } = await runInProcess([...path, "--help"]);
  const listed = stdout.split("\nCommands:\n")[1]?.split("\n\n")[0] ?? "";
  return [...listed.matchAll(/^ {2}([a-z][a-z-]*)/gm)]
    .map(([, name]) => name as string)
    .filter((name) => name !== "help");
}

/** `keys create` and the like: every command there is. */
export async function allCommands(): Promise<string[]> {
  const top = await commandsIn();
  const below = await Promise.all(top.map(async (name) => ({ name, inner: await commandsIn(name) })));
  return below.flatMap(({ name, inner }) => (inner.length === 0 ? [name] : inner.map((one) => `${name} ${one}`)));
}

/** The one JSON document on standard output. */
export async function askEvertoken(args: readonly string[], options?: RunOptions) {
  const { code, stdout } = await runEvertoken([...args, "--json"], options);
  return { code, answer: JSON.parse(stdout) };
}

export async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "evertoken-cli-"));
  onFileEnd(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
