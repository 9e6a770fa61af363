import { formatDuration, readConfig } from "@evertoken/adapters";
import { marginMs, type RefreshPolicy, type Timing } from "@evertoken/core";
import type { Command } from "commander";
import { yesOption } from "../confirm.ts";
import type { Io } from "../io.ts";
import { readFile } from "../open.ts";
import type { Run } from "../run.ts";
import { table } from "../table.ts";
import { wholeNumber } from "../whole-number.ts";
import { checkProvider } from "./providers-check.ts";
import { knownProviders } from "./providers-known.ts";
import { showProvider } from "./providers-show.ts";
import { addProvider, removeProvider } from "./stored-providers.ts";

export function addProviders(program: Command, run: Run): void {
  const providers = program.command("providers").description("the providers that are known here");
  providers
    .command("list", { isDefault: true })
    .description("list them, and which of them have credentials")
    .action(run(list));
  providers
    .command("show <id>")
    .description("what its file says, and the request that a refresh would send, secrets masked")
    .action(run(showProvider));
  providers
    .command("check <id>")
    .description("judge a pasted answer; without one, the samples of the provider's file")
    .option("--answer <file>", "a body, or a whole answer as `curl -i` prints it; - reads standard input")
    .option("--status <n>", "HTTP status of the answer", wholeNumber(100, 599))
    .action(run(checkProvider));
  providers
    .command("add <file>")
    .description(
      "add a provider: an issuer or its endpoints as JSON, or an entry of a providers file; - reads standard input",
    )
    .option("--replace", "replace the stored one of this id")
    .action(run(addProvider));
  providers
    .command("remove <id>")
    .description("remove a stored provider that has no connections any more")
    .option(...yesOption)
    .action(run(removeProvider));
}

/** A token that lives less than twice its margin is due at half its life. */
function marginSeconds(policy: RefreshPolicy, timing: Timing): number {
  const margin = marginMs(policy, timing) / 1000;
  return policy.lifetimeSeconds === null ? margin : Math.min(margin, policy.lifetimeSeconds / 2);
}

/** Works before there is any database. */
async function list(io: Io): Promise<undefined> {
  const { config } = readConfig(io.env, readFile);
  const rows = (await knownProviders(io)).all().map(({ provider, origin, policy, configured }) => ({
    id: provider.id,
    name: provider.name,
    origin,
    authType: provider.authType,
    configured,
    lifetimeSeconds: policy.lifetimeSeconds,
    spends: policy.spends,
    rotation: policy.rotation.kind,
    marginSeconds: policy.spends === "nothing" ? null : marginSeconds(policy, config.timing),
  }));
  const length = (seconds: number | null) => (seconds === null ? null : formatDuration(seconds * 1000));
  io.result(rows, () =>
    table(
      ["ID", "CONFIGURED", "ORIGIN", "TOKEN LIVES", "REFRESH SPENDS", "ROTATION", "MARGIN"],
      rows.map((row) => [
        row.id,
        row.configured ? "yes" : "no",
        row.origin,
        length(row.lifetimeSeconds) ?? "for ever",
        row.spends,
        row.rotation,
        length(row.marginSeconds),
      ]),
    ),
  );
}
