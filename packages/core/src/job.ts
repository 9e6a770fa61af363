import type { Trigger } from "./connection.ts";

/** `<connectionId>-<generation>`: exactly one job per token set, and adding it again changes nothing. */
export function jobId(connectionId: string, generation: number): string {
  return `${connectionId}-${generation}`;
}

/** @returns null for an id that is not one of ours */
export function parseJobId(id: string): { connectionId: string; generation: number } | null {
  const match = /^([0-9a-f-]{36})-(\d{1,10})$/.exec(id);
  if (match === null) return null;
  return { connectionId: match[1] as string, generation: Number(match[2]) };
}

export const refreshQueue = (provider: string): string => `refresh-${provider}`;

/** Everything a refresh job carries: Postgres has the rest. */
export interface RefreshJobData {
  /** Missing: scheduled. */
  readonly trigger?: Trigger;
  readonly force?: true;
}

/** Priority 0 is served before all others in BullMQ; routine work leaves it free for people who wait. */
export const priority = { urgent: 0, routine: 10 } as const;
