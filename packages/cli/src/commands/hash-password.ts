import { text } from "node:stream/consumers";
import { hashPassword } from "@evertoken/operations";
import type { Command } from "commander";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import type { Run } from "../run.ts";

export function addHashPassword(program: Command, run: Run): void {
  program
    .command("hash-password")
    .description("read a password from standard input, and print what may stand in DASHBOARD_PASSWORD instead of it")
    .action(run(hashGiven));
}

async function hashGiven(io: Io): Promise<undefined> {
  const password = (await text(io.stdin)).replace(/\r?\n$/, "");
  if (password === "") throw new UsageError("there is no password in standard input");
  const hash = await hashPassword(password);
  io.result({ hash }, () => [hash]);
}
