import { didYouMean } from "@evertoken/adapters";
import type { Field, ImportSource } from "../import-sources/source.ts";
import { isObject } from "./look-up.ts";

const mostNames = 100;

/** Counts the fields that nobody reads, so that none is lost in silence. */
export class UnknownFields {
  readonly #known: Set<string>;
  readonly #counts = new Map<string, number>();

  constructor(source: ImportSource, extra: ReadonlyMap<Field, string>) {
    const paths = [
      ...Object.values(source.fields),
      [...extra.values()],
      ...Object.values(source.metadata ?? {}).flatMap(Object.values),
    ].flat();
    const marks = source.marks.flatMap((mark) => mark.split("|"));
    this.#known = new Set(
      [...paths, ...marks, ...(source.leaves ?? [])].map((path) => path.split(/[.#]/)[0] as string),
    );
  }

  see(value: unknown): void {
    if (!isObject(value) || this.#known.has("*")) return;
    for (const name of Object.keys(value)) {
      if (this.#known.has(name) || (this.#counts.size >= mostNames && !this.#counts.has(name))) continue;
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
  }

  /** By name, in how many rows, and what may have been meant. A name that is too long may be a value. */
  report(): { field: string; rows: number; hint: string }[] {
    const known = [...this.#known].filter((name) => !name.startsWith("@"));
    return [...this.#counts].map(([name, rows]) =>
      name.length > 40
        ? { field: "(a long name)", rows, hint: "" }
        : { field: name, rows, hint: didYouMean(name, known) },
    );
  }
}
