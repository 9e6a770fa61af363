import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The pages that stand in this repository for its readers, by their path from its root. */
export const pages: readonly string[] = [
  ...["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"],
  ...globSync("docs/**/*.md", { cwd: root }).sort(),
];

export const readPage = (page: string): string => readFileSync(`${root}/${page}`, "utf8");

export interface Block {
  /** What stands behind the fence: `ts run`, `sh`, `text prints`. */
  readonly info: string;
  /** Ends with a newline. */
  readonly text: string;
}

/** Fenced code, also when it is indented below a list. */
export function blocksOf(page: string): Block[] {
  const fences = /^( *)```([^\n]*)\n([\s\S]*?)^ *```$/gm;
  return [...readPage(page).matchAll(fences)].map(([, indent = "", info = "", text = ""]) => ({
    info: info.trim(),
    text: text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
}
