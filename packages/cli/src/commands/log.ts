import {
  type AttemptFilter,
  connectionsOfUser,
  type LoggedAttempt,
  listAttempts,
  mostLookedAt,
} from "@evertoken/adapters";
import { outcomeKinds } from "@evertoken/core";
import { type Engine, withStore } from "@evertoken/engine/internal";
import { type Command, Option } from "commander";
import { UsageError } from "../failure.ts";
import { asLines, type Io } from "../io.ts";
import { type Opened, withEngine } from "../open.ts";
import { optionSince } from "../option-since.ts";
import { optionTag } from "../option-tag.ts";
import type { Run } from "../run.ts";
import { table } from "../table.ts";
import { wholeNumber } from "../whole-number.ts";
import { requireProvider } from "./connections-list.ts";

interface LogOptions {
  readonly failed?: boolean;
  readonly provider?: string;
  readonly user?: string;
  readonly outcome?: string;
  readonly code?: string;
  readonly tag?: string;
  readonly since?: Date;
  readonly until?: Date;
  readonly before?: number;
  readonly limit: number;
  readonly follow?: boolean;
}

export function addLog(program: Command, run: Run): void {
  program
    .command("log [id]")
    .description("refresh attempts of a connection, or of all, newest first")
    .option("--failed", "those that brought no new token")
    .option("--provider <id>", "at this provider")
    .option("--user <id>", "of this user's connections")
    .addOption(new Option("--outcome <outcome>", "that ended so").choices(outcomeKinds))
    .option("--code <code>", "with this error code, such as invalid_client")
    .option("--tag <tag>", "of connections that have this tag", optionTag)
    .option(
      "--since <time>",
      "from then on: 1h, 7d, or 2026-11-26T12:00Z. Default: a day; of one connection, all",
      optionSince,
    )
    .option("--until <time>", "before then", optionSince)
    .option("--before <id>", "before this attempt: the next page", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--limit <n>", "at most this many", wholeNumber(1, 1000), 20)
    .option("--follow", "and go on with new ones as they come; with --json one a line")
    .action(run(log));
}

const dayMs = 86_400_000;

async function log(io: Io, id: string | undefined, options: LogOptions): Promise<undefined> {
  if (options.follow === true && (options.until !== undefined || options.before !== undefined))
    throw new UsageError("--follow goes on with what comes: it takes no --until and no --before");
  await withEngine(io, async ({ engine, evertoken }) => {
    await requireProvider(engine, options.provider);
    const filter = await filterOf({ engine, evertoken }, id, options);
    if (options.follow === true) return follow(io, engine, filter, options.limit);
    const { attempts, goOnBefore } = await withStore(() => listAttempts(engine.pool, filter, options.limit));
    io.result(attempts.map(toJson), () => (attempts.length === 0 ? ["no attempt yet"] : toTable(attempts)));
    if (goOnBefore !== null && attempts.length < options.limit)
      io.note(`Looked at the newest ${mostLookedAt} attempts; further back: --before ${goOnBefore}`);
    else if (goOnBefore !== null) io.note(`There are more: --before ${goOnBefore}`);
  });
}

async function filterOf(
  { engine, evertoken }: Pick<Opened, "engine" | "evertoken">,
  id: string | undefined,
  options: LogOptions,
): Promise<AttemptFilter> {
  const { provider, user, outcome, code, tag, failed, before } = options;
  if (id !== undefined && user !== undefined)
    throw new UsageError("name a connection, or a user with --user, not both");
  const now = Date.now();
  const ids =
    id !== undefined
      ? [(await evertoken.connections.get(id)).id]
      : user !== undefined && (await withStore(() => connectionsOfUser(engine.pool, user)));
  return {
    since: options.since ?? new Date(ids ? 0 : now - dayMs),
    until: options.until ?? new Date(now + dayMs),
    ...(provider === undefined ? {} : { provider }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(code === undefined ? {} : { code }),
    ...(tag === undefined ? {} : { tag }),
    ...(failed === undefined ? {} : { failed }),
    ...(before === undefined ? {} : { before: String(before) }),
    ...(ids ? { connectionIds: ids } : {}),
  };
}

const pollMs = 1000;
/** A commit becomes visible within this time of its id: so far each look goes back. */
const overlapMs = 30_000;
const mostAtOnce = 1000;

async function follow(io: Io, engine: Engine, filter: AttemptFilter, limit: number): Promise<void> {
  let seen = new Set<string>();
  for (let first = true; ; first = false) {
    const since = first ? filter.since : new Date(Date.now() - overlapMs);
    const { attempts } = await withStore(() =>
      listAttempts(engine.pool, { ...filter, since }, first ? limit : mostAtOnce),
    );
    const fresh = attempts.filter(({ id }) => !seen.has(id)).reverse();
    if (!first && fresh.length === mostAtOnce)
      io.note(`More came than are shown: the newest ${mostAtOnce} of each second are.`);
    if (fresh.length > 0)
      io.stdout.write(asLines(fresh.map((each) => (io.json ? JSON.stringify(toJson(each)) : toLine(each)))));
    seen = new Set([...attempts.map(({ id }) => id), ...(first ? [] : [...seen].slice(-10 * mostAtOnce))]);
    await engine.work.pause(pollMs);
  }
}

function toJson({
  id,
  at,
  connection_id,
  user_id,
  error_code,
  http_status,
  duration_ms,
  new_expires_at,
  ...rest
}: LoggedAttempt) {
  return {
    ...{ id, createdAt: at, connectionId: connection_id, userId: user_id, ...rest },
    ...{ errorCode: error_code, httpStatus: http_status, durationMs: duration_ms, newExpiresAt: new_expires_at },
  };
}

const reason = ({ error_code, message }: LoggedAttempt) =>
  [error_code, message].filter((part) => part !== null).join(": ");

const toTable = (attempts: readonly LoggedAttempt[]) =>
  table(
    ["TIME", "CONNECTION", "PROVIDER", "TRIGGER", "OUTCOME", "GENERATION", "HTTP", "MS", "NEW EXPIRY", "MESSAGE"],
    attempts.map((row) => [
      ...[row.at.toISOString(), row.connection_id, row.provider, row.trigger, row.outcome, row.generation],
      ...[row.http_status, row.duration_ms, row.new_expires_at?.toISOString(), reason(row)],
    ]),
  );

const toLine = (row: LoggedAttempt) =>
  [row.at.toISOString(), row.provider, row.connection_id, row.outcome, `${row.duration_ms} ms`, reason(row)]
    .join("  ")
    .trimEnd();
