export interface Stoppable {
  stop(): Promise<void>;
  /** At once, when nobody wants to wait; what it leaves behind is put right by the next start. */
  kill?(): void;
}

/** What has been started, to be stopped the other way round. Those that were added together stop together. */
export class Stoppables {
  readonly #levels: (readonly Stoppable[])[] = [];

  add(...level: readonly Stoppable[]): void {
    this.#levels.push(level);
  }

  async stop(): Promise<void> {
    for (let level = this.#levels.pop(); level !== undefined; level = this.#levels.pop()) {
      await Promise.allSettled(level.map((each) => each.stop()));
    }
  }

  kill(): void {
    for (const each of this.#levels.flat()) each.kill?.();
  }
}
