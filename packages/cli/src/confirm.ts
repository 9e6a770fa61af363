import { createInterface } from "node:readline/promises";
import { Interrupted, UsageError } from "./failure.ts";
import type { Io } from "./io.ts";

export interface Confirmed {
  readonly yes?: boolean;
}

/** For commands after which something is gone for good. */
export const yesOption = ["--yes", "without being asked"] as const;

/** Asks before something is gone for good. In a pipe there is nobody to ask, so `--yes` has to say it. @throws {UsageError} */
export async function confirm({ stdin, stderr }: Io, what: string, { yes = false }: Confirmed): Promise<void> {
  if (yes) return;
  if (stdin.isTTY !== true) throw new UsageError(`nothing was done: this will ${what}; add --yes to do it`);
  const answer = await ask(stdin, stderr, `This will ${what}. Go on? (yes/no) `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError("nothing was done");
}

/** @throws {Interrupted} at Ctrl-C, and where the input ends without an answer */
async function ask(input: NodeJS.ReadStream, output: NodeJS.WriteStream, question: string): Promise<string> {
  const closed = new AbortController();
  const asking = createInterface({ input, output }).once("close", () => closed.abort());
  try {
    return await asking.question(question, { signal: closed.signal });
  } catch (error) {
    throw closed.signal.aborted ? new Interrupted(130) : error;
  } finally {
    asking.close();
  }
}
