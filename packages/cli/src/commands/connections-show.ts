import { formatTime } from "../duration.ts";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";
import { type Cell, facts } from "../table.ts";

export async function show(io: Io, id: string): Promise<undefined> {
  await withEngine(io, async ({ evertoken }) => {
    const connection = await evertoken.connections.get(id);
    const now = new Date();
    io.result(connection, () =>
      facts(Object.fromEntries(Object.entries(connection).map(([name, value]) => [name, toCell(value, now)]))),
    );
  });
}

function toCell(value: unknown, now: Date): Cell {
  if (value instanceof Date) return formatTime(value, now);
  if (Array.isArray(value)) return value.join(" ");
  return typeof value === "number" ? value : ((value as string | null) ?? null);
}
