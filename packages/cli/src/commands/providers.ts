import { ConfigError, readConfig } from "@evertoken/adapters";
import { marginMs, type RefreshPolicy, type Timing } from "@evertoken/core";
import { catalogue, createProviders, readProviderSettings } from "@evertoken/providers";
import type { Command } from "commander";
import type { Run } from "../cli.ts";
import { formatDuration } from "../duration.ts";
import type { Io } from "../io.ts";
import { readFile } from "../open.ts";
import { table } from "../table.ts";

export function addProviders(program: Command, run: Run): void {
  program
    .command("providers")
    .description("the providers that are known here, and which of them have credentials")
    .action(run(providers));
}

/** A token that lives less than twice its margin is due at half its life. */
function marginSeconds(policy: RefreshPolicy, timing: Timing): number {
  const margin = marginMs(policy, timing) / 1000;
  return policy.lifetimeSeconds === null ? margin : Math.min(margin, policy.lifetimeSeconds / 2);
}

/** Looks at settings only: works before there is any database. */
async function providers(io: Io): Promise<undefined> {
  const { config } = readConfig(io.env, readFile);
  const { settings, faults } = readProviderSettings(io.env, readFile, catalogue);
  if (faults.length > 0) throw new ConfigError(faults);
  const rows = createProviders(settings)
    .all()
    .map(({ provider, policy, configured }) => ({
      id: provider.id,
      name: provider.name,
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
      ["ID", "CONFIGURED", "TOKEN LIVES", "REFRESH SPENDS", "ROTATION", "MARGIN"],
      rows.map((row) => [
        row.id,
        row.configured ? "yes" : "no",
        length(row.lifetimeSeconds) ?? "for ever",
        row.spends,
        row.rotation,
        length(row.marginSeconds),
      ]),
    ),
  );
}
