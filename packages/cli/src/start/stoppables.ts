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
    // They stay in the list meanwhile: whoever loses patience kills those that hang as well.
    for (const level of this.#levels.toReversed()) await Promise.allSettled(level.map((each) => each.stop()));
  }

  kill(): void {
    for (const each of this.#levels.flat()) each.kill?.();
  }
}
