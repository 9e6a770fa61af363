import { formatDuration } from "@evertoken/adapters";
import { type ConnectionView, EvertokenError } from "@evertoken/engine";
import { type Engine, withStore } from "@evertoken/engine/internal";
import { parseDuration } from "../duration.ts";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";
import { table } from "../table.ts";

interface ListOptions {
  readonly user?: string;
  readonly provider?: string;
  readonly status?: string;
  readonly tag?: string;
  readonly expiring?: string;
  readonly after?: string;
  readonly limit: number;
}

export async function list(io: Io, options: ListOptions): Promise<undefined> {
  const { user, provider, status, tag, expiring, after, limit } = options;
  const withinMs = expiring === undefined ? undefined : parseDuration(expiring);
  await withEngine(io, async ({ engine, evertoken }) => {
    await requireProvider(engine, provider);
    const now = new Date();
    if (after !== undefined) await evertoken.connections.get(after);
    const found = await evertoken.connections.list({
      limit,
      ...(user === undefined ? {} : { userId: user }),
      ...(provider === undefined ? {} : { provider }),
      ...(status === undefined ? {} : { status }),
      ...(tag === undefined ? {} : { tag }),
      ...(withinMs === undefined ? {} : { expiresBefore: new Date(now.getTime() + withinMs) }),
      ...(after === undefined ? {} : { after }),
    });
    io.result(found, () => (found.length === 0 ? ["no connections"] : toTable(found, now)));
    if (found.length === limit) io.note(`There may be more: --after ${found.at(-1)?.id}`);
  });
}

/** A misspelt provider would pass for one without connections. @throws {EvertokenError} */
export async function requireProvider({ providers }: Engine, id: string | undefined): Promise<void> {
  if (id === undefined || (await withStore(() => providers.known(id))) !== undefined) return;
  throw new EvertokenError("unknown_provider", `there is no provider "${id}": see \`evertoken providers\``);
}

function toTable(rows: readonly ConnectionView[], now: Date): string[] {
  const distance = (time: Date | null) => {
    if (time === null) return null;
    const ms = time.getTime() - now.getTime();
    return ms < 0 ? `${formatDuration(-ms)} ago` : formatDuration(ms);
  };
  return table(
    ["ID", "PROVIDER", "USER", "ACCOUNT", "STATUS", "EXPIRES IN", "REFRESH IN", "ERROR", "TAGS"],
    rows.map((row) => [
      row.id,
      row.provider,
      row.userId,
      row.displayName ?? row.externalAccountId,
      row.status,
      distance(row.expiresAt),
      distance(row.nextRefreshAt),
      row.lastErrorCode,
      row.tags.join(" "),
    ]),
  );
}
