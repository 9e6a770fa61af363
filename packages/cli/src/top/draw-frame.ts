import { table } from "../table.ts";
import type { Frame, ProviderLine } from "./read-frame.ts";

const heads = ["PROVIDER", "CONNECTED", "EXPIRED", "NEEDS USER", "ERROR", "REFRESHED", "FAILED", "LATE", "STATE"];

/** What needs somebody stands first; of providers that need nobody, as many as there is room for. */
export function drawFrame({ at, held, connections, processes, paused, providers }: Frame, room: number): string[] {
  const top = [
    `evertoken  ${at.toISOString().slice(0, 19)}Z  ${connections} connections`,
    processes.length === 0
      ? "NO PROCESS IS RUNNING"
      : `running: ${processes.map(({ name, id }) => `${name} ${id}`).join(", ")}`,
    ...(held === null ? [] : [`HELD, nothing is spent: ${held}; run \`evertoken adopt\``]),
    ...(paused === null ? ["REDIS DOES NOT ANSWER: nobody knows which queues are paused"] : []),
    ...((paused ?? []).length > 0 ? [`PAUSED: ${paused?.join(", ")}`] : []),
    "",
  ];
  const sorted = [...providers].sort((a, b) => urgency(b) - urgency(a) || a.provider.localeCompare(b.provider));
  const shown = sorted.slice(0, Math.max(1, room - top.length - 2));
  const rest = sorted.length - shown.length;
  return [
    ...top,
    ...(shown.length === 0 ? ["no connections"] : table(heads, shown.map(toRow))),
    ...(rest > 0 ? [`and ${rest} more providers`] : []),
  ];
}

const urgency = ({ state, late, error, needsReauth }: ProviderLine) =>
  Number(state.startsWith("stopped")) * 4 + Number(late > 0) * 2 + Number(error + needsReauth > 0);

const toRow = (line: ProviderLine) => [
  ...[line.provider, line.connected, line.tokenExpired, line.needsReauth, line.error],
  ...[line.refreshed, line.failed, line.late, line.state],
];
