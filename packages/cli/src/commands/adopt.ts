import {
  type AdoptAs,
  type Adopted,
  adopt,
  examineInstallation,
  type InstallationReport,
  releaseConnections,
} from "@evertoken/engine/internal";
import { type Command, Option } from "commander";
import { auditOperator } from "../audit-operator.ts";
import { formatTime } from "../duration.ts";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";
import { requireServices } from "../reachable.ts";
import type { Run } from "../run.ts";
import { fullId } from "../short-ids.ts";
import { facts } from "../table.ts";

interface AdoptOptions {
  readonly as?: AdoptAs;
  readonly yes?: boolean;
}

const choices = `
  --as original  This database is the true one from now on (a restore, an upgrade, a move). Token sets of the last minutes are put back
                 from copies in Redis. Other connections of which Redis knows a newer token set than this database has stay held, each
                 by itself: \`evertoken release <id>\`, or their user reconnects.
  --as copy      It is another installation (staging). The grants of the original are forgotten, not revoked; webhooks are turned off.
  --as held      Another installation too, which keeps what it has and spends nothing.`;

export function addAdopt(program: Command, run: Run): void {
  program
    .command("adopt")
    .description(
      "say which database is true, after a copy, a restore or a failover; without --yes it only shows what it found",
    )
    .addOption(new Option("--as <what>", "what this database is from now on").choices(["original", "copy", "held"]))
    .option("--yes", "do it")
    .addHelpText("after", choices)
    .action(run(adoptCommand));
  program
    .command("release [id]")
    .description("let a connection spend its stored token although a newer one is known, or end START_HELD")
    .option("--all", "every connection that is held by itself")
    .action(run(release));
}

async function adoptCommand(io: Io, { as, yes = false }: AdoptOptions): Promise<number | undefined> {
  if (yes && as === undefined) throw new UsageError("--yes needs --as original, copy or held");
  let code: number | undefined;
  await withEngine(io, async ({ engine }) => {
    await requireServices(engine);
    const report = await examineInstallation(engine);
    if (as === undefined || !yes) {
      io.result({ adopted: null, ...report }, () => [...found(report), ...next(report, as)]);
      code = report.held === null || report.held === "comparing" ? 0 : 1;
      return;
    }
    const adopted = await adopt(engine, as);
    await auditOperator(engine, { action: "installation.adopted", detail: { as, was: report.held ?? "not held" } });
    io.result({ adopted: as, ...report, ...adopted }, () => [done[as], ...atOnce(adopted)]);
  });
  return code;
}

function found(report: InstallationReport): string[] {
  const now = new Date();
  const { redis } = report;
  return facts({
    state: report.held === null ? "not held" : `held (${report.held}): ${report.reason}`,
    connections: report.connections,
    "newest refresh": formatTime(report.newestRefreshAt, now),
    "database used until": formatTime(report.usedUntil, now),
    "redis used until":
      redis === null
        ? "remembers no installation"
        : `${formatTime(redis.usedUntil, now)}${redis.sameInstallation ? "" : ", by another installation"}`,
    "jobs in redis": report.jobsInRedis,
    "older than their job": report.olderThanTheirJobs,
  });
}

function next(report: InstallationReport, as: AdoptAs | undefined): string[] {
  if (report.held === "comparing") return ["A failover is being made good; it goes on by itself."];
  const act =
    as === undefined ? "Choose one, and add --yes:" : `Nothing was changed. To do it: evertoken adopt --as ${as} --yes`;
  if (report.held === null) return ["Nothing needs to be decided."];
  return as === undefined ? [act, ...choices.split("\n").slice(1)] : [act];
}

const done: Readonly<Record<AdoptAs, string>> = {
  original: "This database is the true one; refreshing goes on within seconds.",
  copy: "This is an installation of its own now. It has forgotten the grants of the original; its webhooks are off.",
  held: "This is an installation of its own now. It serves what it has and spends nothing until it is adopted again.",
};

function atOnce({ putBack, olderThanTheirJobs: held }: Adopted): string[] {
  return [
    ...(putBack === 0 ? [] : [`${putBack} connections got their newest token set back, from copies in Redis`]),
    ...(held === 0
      ? []
      : [`${held} connections stay held: Redis knows newer token sets of theirs (evertoken release <id>)`]),
  ];
}

async function release(io: Io, id: string | undefined, { all = false }: { all?: boolean }): Promise<undefined> {
  if (id !== undefined && all) throw new UsageError("name one connection, or use --all, not both");
  await withEngine(io, async ({ engine }) => {
    await requireServices(engine);
    if (id === undefined && !all) {
      const { held } = await examineInstallation(engine);
      if (held !== "start_held" && held !== "kept_held") {
        const text = held === null ? "the installation is not held" : "this needs a decision: run `evertoken adopt`";
        throw new UsageError(`${text}; to release connections name one, or use --all`);
      }
      await adopt(engine, "original");
      await auditOperator(engine, { action: "installation.released" });
      io.result({ released: "installation" }, () => ["released: refreshing goes on within seconds"]);
      return;
    }
    const released = await releaseConnections(engine, id === undefined ? null : await fullId(engine, id));
    await auditOperator(engine, { action: "connections.released", detail: { released: String(released) } });
    io.result({ released }, () => [`${released} released`]);
  });
}
