import type { TokenOwner } from "@evertoken/core";
import type { Presentation } from "../support/token-server.ts";
import { type Explained, explain } from "./explain.ts";
import type { Ground } from "./ground.ts";
import type { Grant, Member } from "./population.ts";

export interface Violation {
  readonly kind: "lost" | "spent twice" | "marked dead" | "hidden dead" | "asked in vain";
  readonly connectionId: string;
  readonly family: string;
  readonly why: string;
  readonly presentations: readonly Presentation[];
  /** What stands in the refresh log besides grants. */
  readonly attempts: readonly Attempt[];
  /** The row as it stands, without its tokens. */
  readonly row: Omit<Row, "refresh_token"> | null;
}

export interface Verdict {
  readonly violations: readonly Violation[];
  /** Grants that ended though nobody of ours lost them, by where they did. */
  readonly explained: Readonly<Partial<Record<Explained, number>>>;
  /** Presented again by the rule of lost answers. */
  readonly careful: number;
}

interface Row extends TokenOwner {
  readonly status: string;
  readonly refresh_token: string | null;
  readonly last_error_code: string | null;
}

interface Attempt {
  readonly outcome: string;
  readonly trigger: string;
  readonly atMs: number;
}

type State = { readonly family: string | null; readonly state: string; readonly alive: boolean };

interface Evidence {
  readonly ground: Ground;
  readonly row: Row | undefined;
  readonly stored: State | undefined;
  readonly attempts: readonly Attempt[];
  readonly presented: readonly Presentation[];
}

/** By the server's own record: what was presented, what was granted, what lives. */
export async function judge(ground: Ground): Promise<Verdict> {
  const { rig, population } = ground;
  const { rows } =
    await rig.pool.query<Row>(`SELECT id, provider, registration, status, refresh_token, last_error_code, generation, lease_owner, lease_until, next_refresh_at, not_before,
      expires_at, failing_since, lost_answers FROM connections`);
  const states = await population.states(rows);
  const byId = new Map(rows.map((row) => [row.id, row]));
  const { rows: log } = await rig.pool.query<Attempt & { id: string }>(
    `SELECT connection_id AS id, outcome, trigger, (extract(epoch FROM created_at) * 1000)::float8 AS "atMs"
      FROM token_refresh_log WHERE NOT success ORDER BY token_refresh_log.id`,
  );
  const attempts = Map.groupBy(log, ({ id }) => id);
  const presented = Map.groupBy(await rig.server.presentations(), ({ family }) => family);

  const violations: Violation[] = [];
  const explained: Partial<Record<Explained, number>> = {};
  let careful = 0;
  for (const member of population.members) {
    for (const grant of member.grants) {
      const evidence: Evidence = {
        ...{ ground, row: byId.get(member.id), stored: states.get(member.id) },
        ...{ attempts: attempts.get(member.id) ?? [], presented: presented.get(grant.family) ?? [] },
      };
      careful += evidence.presented.filter(({ outcome }) => outcome === "reuse").length;
      const found = [...judgeSpending(grant, evidence), ...judgeEnd(member, grant, evidence)];
      for (const each of found) {
        if (each.kind === "explained") explained[each.by] = (explained[each.by] ?? 0) + 1;
        else
          violations.push({
            ...{ kind: each.kind, why: each.why, connectionId: member.id },
            ...{ family: grant.family, presentations: evidence.presented.slice(-6) },
            ...{ attempts: evidence.attempts.slice(-10), row: withoutToken(evidence.row) },
          });
      }
    }
  }
  return { violations, explained, careful };
}

function withoutToken(row: Row | undefined): Omit<Row, "refresh_token"> | null {
  if (row === undefined) return null;
  const { refresh_token: _, ...rest } = row;
  return rest;
}

type Finding =
  | { readonly kind: "explained"; readonly by: Explained }
  | { readonly kind: Violation["kind"]; readonly why: string };

/** A spent token may come once more after a lost answer that stands in the log, and never once its successor was used. */
function judgeSpending(grant: Grant, { presented, attempts, ground }: Evidence): Finding[] {
  const found: Finding[] = [];
  const firstOf = (again: Presentation) =>
    presented.find(({ outcome, tokenHash }) => outcome === "granted" && tokenHash === again.tokenHash);
  // A provider that spends a token and then says "500" asks for what follows.
  const spentAgain = presented.filter((each) => each.outcome === "reuse" && firstOf(each)?.behaviour !== "lie");
  for (const again of spentAgain) {
    const first = firstOf(again);
    const successor = presented.find(
      (each) => each.outcome === "granted" && each.atMs > (first?.atMs ?? 0) && each.atMs < again.atMs,
    );
    if (successor !== undefined) found.push({ kind: "spent twice", why: "a token that had been replaced was sent" });
  }
  const [deadly] = spentAgain;
  if (deadly === undefined) return found;
  const before = ({ atMs }: Attempt) => atMs >= grant.fromMs - 1000 && atMs <= deadly.atMs + 1000;
  const lost = attempts.filter((each) => each.outcome === "uncertain" && before(each));
  // An operator's or an app's force asks once more, whatever is known.
  const forced = attempts.filter(({ outcome, trigger }) => outcome === "denied" && trigger === "manual");
  if (lost.length + forced.length === 0 && !isForgotten(presented, deadly, ground)) {
    found.push({ kind: "spent twice", why: "no lost answer stands in the log" });
  }
  const byItself = attempts.filter(
    ({ outcome, trigger, atMs }) => outcome === "denied" && trigger === "scheduled" && atMs >= deadly.atMs,
  );
  if (byItself.length > mostAsked) {
    found.push({ kind: "asked in vain", why: `the dead grant was presented ${byItself.length} times by its own job` });
  }
  return found;
}

/** A failover lost the claim, and whoever would claim it again had died with the answer: nothing tells that it was sent. */
function isForgotten(presented: readonly Presentation[], deadly: Presentation, { chronicle, lifeMs }: Ground): boolean {
  const granted = presented.find(({ outcome, tokenHash }) => outcome === "granted" && tokenHash === deadly.tokenHash);
  if (granted === undefined) return false;
  const died = explain({ granted, next: deadly, lifeMs }, chronicle) === "in a killed process";
  return died && chronicle.between(granted.atMs, deadly.atMs).some(({ kind }) => kind === "failOverPostgres");
}

/** A dead grant that is one of many is not believed at once; but it comes to an end. What apps and operators ask for is theirs. */
const mostAsked = 8;

/** A grant that a careful second presentation ended was lost before, whatever its user did then. Only the one that counts can be marked. */
function judgeEnd(member: Member, grant: Grant, { ground, row, stored, presented }: Evidence): Finding[] {
  const end = grant.endedAtMs ?? Number.POSITIVE_INFINITY;
  if (presented.some(({ outcome, atMs }) => outcome === "reuse" && atMs <= end)) {
    const shown = grant === member.grants.at(-1) && row?.status !== "needs_reauth";
    return [lossOf(presented, ground), ...(shown ? [hiddenDead] : [])];
  }
  if (grant.endedAtMs !== null || grant !== member.grants.at(-1)) return [];
  if (row === undefined || stored === undefined) return [{ kind: "lost", why: "its row is gone" }];
  const healthy = stored.family === grant.family && stored.state === "current" && stored.alive;
  if (healthy) {
    const dead = row.status !== "connected";
    return dead ? [{ kind: "marked dead", why: `it lives, and is ${row.status} (${row.last_error_code})` }] : [];
  }
  if (stored.family !== grant.family) {
    return [{ kind: "lost", why: `another grant's token is stored (${stored.family ?? "none"}, not ${grant.family})` }];
  }
  return [lossOf(presented, ground), ...(row.status !== "needs_reauth" ? [hiddenDead] : [])];
}

const hiddenDead: Finding = { kind: "hidden dead", why: "the server ended it, and nobody asks its user" };

function lossOf(presented: readonly Presentation[], ground: Ground): Finding {
  const index = presented.findLastIndex(({ outcome }) => outcome === "granted");
  const granted = presented[index];
  if (granted === undefined)
    return { kind: "lost", why: "the grant ended though its token was never granted anything" };
  const by = explain({ granted, next: presented[index + 1], lifeMs: ground.lifeMs }, ground.chronicle);
  if (by !== null) return { kind: "explained", by };
  const around = ground.chronicle.between(granted.atMs - 1000, (presented[index + 1]?.atMs ?? granted.atMs) + 1000);
  const names = around.map(({ kind, pid, fromMs, toMs }) => {
    const what = pid === null ? kind : `${kind} ${pid}`;
    return `${what} ${fromMs - granted.atMs}..${toMs - granted.atMs}`;
  });
  return {
    kind: "lost",
    why: `process ${granted.by} was granted it at ${granted.atMs}; meanwhile: ${names.join(", ")}`,
  };
}
