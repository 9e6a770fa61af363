import { type Cause, causes } from "@evertoken/core";
import type { Engine } from "@evertoken/engine/internal";
import { lateRefreshes, type Outages, pausedQueues, readSituation, type Trouble } from "@evertoken/operations";
import type { Command } from "commander";
import { formatTime } from "../duration.ts";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { type Opened, withEngine } from "../open.ts";
import { optionTag } from "../option-tag.ts";
import { requirePostgres } from "../reachable.ts";
import type { Run } from "../run.ts";
import { facts, table } from "../table.ts";

export function addStatus(program: Command, run: Run): void {
  program
    .command("status [id]")
    .description("what a connection's token is worth now, or an overview of all")
    .option("--tag <tag>", "count connections that have this tag", optionTag)
    .action(
      run((io: Io, id: string | undefined, options: StatusOptions) =>
        withEngine(io, (opened) => status(io, opened, id, options)),
      ),
    );
}

interface StatusOptions {
  readonly tag?: string;
}

async function status(io: Io, opened: Opened, id: string | undefined, { tag }: StatusOptions): Promise<undefined> {
  if (id === undefined) return overview(io, opened.engine, tag ?? null);
  if (tag !== undefined) throw new UsageError("name a connection, or a tag with --tag, not both");
  const found = await opened.evertoken.tokenStatus(id);
  const now = new Date();
  const { job } = found;
  io.result(found, () =>
    facts({
      connection: found.connectionId,
      provider: found.provider,
      status: found.status,
      token: found.token,
      expires: formatTime(found.expiresAt, now) ?? "never",
      "next refresh": formatTime(found.nextRefreshAt, now),
      "last refresh": formatTime(found.lastRefreshAt, now),
      error: found.errorCode,
      job: job === null ? "none" : job === "unknown" ? "unknown: Redis is away" : `${job.id} (${job.state})`,
    }),
  );
}

async function overview(io: Io, engine: Engine, tag: string | null): Promise<undefined> {
  await requirePostgres(engine);
  const held = await engine.installation.standing();
  const now = new Date();
  const waiting = await waitingFor(engine);
  const [counts, situation, late, paused] = await Promise.all([
    countConnections(engine, tag),
    readSituation(engine, tag),
    lateRefreshes(engine, now),
    pausedQueues(engine),
  ]);
  const { states, processes, troubles } = situation;
  const { groups: _, ...outages } = situation.outages;
  const total = counts.reduce((sum, { connections }) => sum + connections, 0);
  const circuits = states
    .filter((state) => state.circuit_open || (state.throttled_until !== null && state.throttled_until > now))
    .map(({ provider, registration, circuit_open, code, reason, opened_at, next_probe_at, throttled_until }) => ({
      ...{ provider, registration, circuitOpen: circuit_open, code, reason },
      ...{ openedAt: opened_at, nextProbeAt: next_probe_at, throttledUntil: throttled_until },
    }));
  const answer = { total, held, outages, troubles, connections: counts, circuits, waiting, processes };
  io.result({ ...answer, paused: paused ?? [], late, oldestOverdue: late[0] ?? null }, () => [
    outageLine(outages),
    ...troubles.flatMap((trouble) => troubleLines(trouble, now)),
    ...(total === 0
      ? ["no connections"]
      : table(
          ["PROVIDER", "STATUS", "CONNECTIONS"],
          counts.map((row) => [row.provider, row.status, row.connections]),
        )),
    ...waiting.map(({ provider, reason }) => `${provider}: waits for its endpoints (${reason})`),
    `processes: ${processes.length === 0 ? "none" : processes.map(({ name, id }) => `${name} ${id}`).join(", ")}`,
  ]);
}

const onWhom: Readonly<Record<Cause, string>> = {
  ours: "on us",
  provider: "on the provider",
  user: "on their users",
};

function outageLine({ connections, customers, byCause }: Omit<Outages, "groups">): string {
  if (connections === 0) return "every customer can use every connection";
  const parts = causes.flatMap((cause) =>
    byCause[cause].connections === 0 ? [] : [`${byCause[cause].connections} ${onWhom[cause]}`],
  );
  const who = `${customers} ${customers === 1 ? "customer" : "customers"}`;
  return `${who} cannot use ${connections} ${connections === 1 ? "connection" : "connections"} now: ${parts.join(", ")}`;
}

function troubleLines({ title, detail, todo, connectionId, until }: Trouble, now: Date): string[] {
  const example = connectionId === null ? "" : ` For example ${connectionId}.`;
  const again = until === null ? "" : ` Goes on or is looked at again ${formatTime(until, now)}.`;
  return [`! ${title}`, `  ${detail}${example}${again}`, ...(todo === null ? [] : [`  -> ${todo}`])];
}

/** Providers of the settings whose issuers give no endpoints, asked now. */
async function waitingFor({ providers }: Engine): Promise<{ provider: string; reason: string }[]> {
  const stated = providers.all().filter(({ provider }) => provider.issuer !== null);
  await Promise.all(stated.map(({ provider }) => providers.find(provider.id)));
  return [...providers.waiting()].map(([provider, reason]) => ({ provider, reason }));
}

async function countConnections({ prisma }: Engine, tag: string | null) {
  const groups = await prisma.connection.groupBy({
    by: ["provider", "status"],
    ...(tag === null ? {} : { where: { tagged: { some: { tag } } } }),
    _count: { _all: true },
    orderBy: [{ provider: "asc" }, { status: "asc" }],
  });
  return groups.map(({ provider, status, _count }) => ({ provider, status, connections: _count._all }));
}
