import type { RefreshOrder, Refusal } from "@evertoken/core";
import type { ClaimOptions } from "./claim-options.ts";
import { groundSql } from "./installation.ts";

/** Jobs may come this much early: clocks differ, timers round. */
export const earlyMs = 1000;

/** A job that its row is older than stays as the sign that it is; only an operator, the user or a copy of the lost tokens can help. */
const olderMs = 300_000;

/** One of the conditions that a connection `c` must not meet for an order `o` to get its lease, in SQL. Unknown (NULL) stands in nobody's way. */
interface Obstacle {
  /** A refusal in quotes, or an expression that gives one. */
  readonly why: `'${Refusal}'` | `CASE ${string} END`;
  readonly when: string;
  /** When it is worth asking again; left out: not by waiting. */
  readonly until?: string;
}

const nowPlus = (ms: number) => `o.now + ${ms} * interval '1 millisecond'`;
const throttledUntil = `(SELECT s.throttled_until FROM provider_states s
  WHERE s.provider = c.provider AND s.registration = c.registration AND s.throttled_until > o.now)`;

/**
 * All that may stand against a claim but its lease being taken over and its circuits, in the order in which it matters. The statement that
 * gives the lease and the one that tells why not are made of this one table: what the first refuses the second can name.
 *
 * @param ground number of the first parameter of the ground
 */
const obstacles = (ground: number): readonly Obstacle[] => [
  { why: "'disconnected'", when: "c.status = 'disconnected'" },
  { why: "'not_refreshable'", when: "c.auth_type <> 'oauth2'" },
  { why: "'held'", when: `NOT ${groundSql(ground)}`, until: nowPlus(earlyMs) },
  {
    why: "'older_than_its_job'",
    when: "greatest(c.newer_generation, o.generation) > c.generation",
    until: nowPlus(olderMs),
  },
  { why: "'moved'", when: "c.generation <> o.generation" },
  {
    // Its user may reconnect it, and meanwhile it is asked for now and then, by its own job alone: see `unknown` and `denied` in core.
    why: "'needs_reauth'",
    when: "c.status = 'needs_reauth' AND NOT o.force AND (o.due_by IS NULL OR c.next_refresh_at IS NULL)",
  },
  {
    why: "'busy'",
    when: "c.lease_owner IS NOT NULL AND (c.lease_until < clock_timestamp()) IS NOT TRUE",
    until: "c.lease_until",
  },
  {
    why: `CASE WHEN c.last_error_code = 'mass_denial' THEN 'doubted'
      WHEN c.lost_answers > 0 AND c.last_error_code IS DISTINCT FROM 'rate_limited' THEN 'answer_lost' ELSE 'throttled' END`,
    when: "NOT o.force AND c.not_before > o.now",
    until: "c.not_before",
  },
  { why: "'provider_throttled'", when: `NOT o.force AND ${throttledUntil} IS NOT NULL`, until: throttledUntil },
  {
    why: "'not_due'",
    when: "o.due_by IS NOT NULL AND (c.next_refresh_at <= o.due_by) IS NOT TRUE",
    until: "c.next_refresh_at",
  },
  {
    // One that fails without ever having been claimed has nothing to cool down from.
    why: "'cooling_down'",
    when: "c.failing_since IS NOT NULL AND c.lease_started_at > o.now - o.cooldown_ms * interval '1 millisecond'",
    until: "c.lease_started_at + o.cooldown_ms * interval '1 millisecond'",
  },
];

/** Whether none of them stands against it. */
export const unobstructedSql = (ground: number) =>
  obstacles(ground)
    .map(({ when }) => `(${when}) IS NOT TRUE`)
    .join("\n  AND ");

/** Of those that stand, the one that matters most: columns `why` (null: none) and `until`. */
export const obstacleSql = (ground: number) => {
  const cases = (value: (obstacle: Obstacle) => string) =>
    obstacles(ground)
      .map((obstacle) => `WHEN ${obstacle.when} THEN ${value(obstacle)}`)
      .join("\n    ");
  return `CASE ${cases(({ why }) => why)} END AS why,
  CASE ${cases(({ until }) => until ?? "NULL::timestamptz")} END AS until`;
};

/** An order as the statements read it, by their first parameter. A null stands for "whatever it is", or "does not matter". */
export const orderColumns = `n int, id uuid, force boolean, now timestamptz, generation int, due_by timestamptz,
  cooldown_ms float8, through_circuit boolean`;

export interface PlacedOrder {
  readonly order: RefreshOrder;
  readonly now: Date;
  /** This is the probe of an open circuit. */
  readonly throughCircuit: boolean;
}

/** @param n its number in its statement */
export function toParameters({ order, now, throughCircuit }: PlacedOrder, n: number, { cooldownMs }: ClaimOptions) {
  return {
    n,
    id: order.connectionId,
    force: order.force,
    now,
    generation: order.generation,
    due_by: order.onlyDue ? new Date(now.getTime() + earlyMs) : null,
    cooldown_ms: order.trigger === "on_demand" ? cooldownMs : null,
    through_circuit: throughCircuit,
  };
}
