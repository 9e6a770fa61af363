import { forTerminal } from "@evertoken/core";

export type Cell = string | number | null | undefined;

/** Columns as wide as they need to be. Nothing in it can move the terminal's cursor: names come from outside. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const cells = [head, ...rows].map((row) => row.map(printable));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** One fact a line, names in front. */
export function facts(entries: Readonly<Record<string, Cell>>): string[] {
  const width = Math.max(...Object.keys(entries).map((name) => name.length));
  return Object.entries(entries).map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`);
}

export function printable(value: Cell): string {
  return value === null || value === undefined || value === "" ? "-" : forTerminal(String(value));
}
