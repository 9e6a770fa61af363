import { formatDuration } from "@evertoken/adapters";
import { UsageError } from "./failure.ts";

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `15m`, `24h`, `7d` in milliseconds. @throws {UsageError} */
export function parseDuration(text: string): number {
  const [, digits, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) {
    throw new UsageError(`"${text}" is not a length of time such as 90s, 15m, 24h or 7d`);
  }
  return Number(digits) * units[unit as keyof typeof units];
}

/** A time as people read it: how far away it is, and when. */
export function formatTime(time: Date | null, now: Date): string | null {
  if (time === null) return null;
  const ms = time.getTime() - now.getTime();
  const distance = ms >= 0 ? `in ${formatDuration(ms)}` : `${formatDuration(-ms)} ago`;
  return `${time.toISOString()} (${distance})`;
}
