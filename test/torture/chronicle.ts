/** One thing that was done to the installation, with its time. Times are this machine's, as the token server's are. */
export interface Happening {
  readonly kind: string;
  readonly fromMs: number;
  /** Infinity while it lasts. */
  toMs: number;
  /** The process that it was done to. */
  readonly pid: number | null;
}

/** Everything that was done, for the judge: a loss is explained by what happened at its time, or by nothing. */
export class Chronicle {
  readonly #all: Happening[] = [];

  /** @returns what ends it */
  begin(kind: string, pid: number | null = null): () => void {
    const happening = { kind, fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY, pid };
    this.#all.push(happening);
    return () => {
      happening.toMs = Date.now();
    };
  }

  /** Something without duration. */
  note(kind: string, pid: number | null = null): void {
    this.begin(kind, pid)();
  }

  /** What lasted at some time between the two. */
  between(fromMs: number, toMs: number): Happening[] {
    return this.#all.filter((each) => each.toMs >= fromMs && each.fromMs <= toMs);
  }

  ofKind(...kinds: readonly string[]): Happening[] {
    return this.#all.filter(({ kind }) => kinds.includes(kind));
  }

  of(pid: number): Happening[] {
    return this.#all.filter((each) => each.pid === pid);
  }
}
