import type { Trigger } from "./connection.ts";

/** `<connectionId>-<generation>`: exactly one job per token set, and adding it again changes nothing. */
export function jobId(connectionId: string, generation: number): string {
  return `${connectionId}-${generation}`;
}

const ours = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(\d{1,10})$/;

/** Postgres' largest integer. */
const lastGeneration = 2 ** 31 - 1;

/** @returns null for an id that is not one of ours: anybody can add jobs to Redis, and a query would fail on what is not a uuid */
export function parseJobId(id: string): { connectionId: string; generation: number } | null {
  const [, connectionId, generation] = ours.exec(id) ?? [];
  if (connectionId === undefined || Number(generation) > lastGeneration) return null;
  return { connectionId, generation: Number(generation) };
}

export const refreshQueueName = (provider: string): string => `refresh-${provider}`;

/** Everything a refresh job carries: Postgres has the rest. */
export interface RefreshJobData {
  /** Missing: scheduled. */
  readonly trigger?: Trigger;
  readonly force?: true;
}

/** Priority 0 is served before all others in BullMQ; routine work leaves it free for people who wait. */
export const priority = { urgent: 0, routine: 10 } as const;
