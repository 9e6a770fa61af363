import type { Env } from "@evertoken/adapters";
import { forTerminal } from "@evertoken/core";

/** What the process gives us. */
export interface Surroundings {
  readonly env: Env;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export interface Output {
  /** The answer: as JSON, or as lines for people. */
  result(value: unknown, forPeople: () => readonly string[]): void;
  /** A remark beside the answer, on standard error. */
  note(line: string): void;
}

/** All that a command may touch. `env` holds the settings of the files as well. */
export interface Io extends Surroundings, Output {
  /** `env` without what `evertoken start` made up by itself. */
  readonly givenEnv: Env;
  readonly json: boolean;
}

export function createOutput({ stdout, stderr }: Pick<Surroundings, "stdout" | "stderr">, json: boolean): Output {
  return {
    result(value, forPeople) {
      const lines = json ? [JSON.stringify(value, null, stdout.isTTY ? 2 : undefined)] : forPeople();
      if (lines.length > 0) stdout.write(asLines(lines));
    },
    note: (line) => void stderr.write(asLines([line])),
  };
}

/** Ready to be written, whatever names from outside stand in them. A text may have several lines itself. */
export function asLines(texts: readonly string[]): string {
  const lines = texts.flatMap((text) => text.split("\n"));
  return `${lines.map(forTerminal).join("\n")}\n`;
}
