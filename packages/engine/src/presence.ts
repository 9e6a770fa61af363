import { forgetProcess, type LiveProcess, noteProcess, presenceMs } from "@evertoken/adapters";
import type { Pool } from "pg";

/** Says every half minute that this process lives, and which keys it can open; and at its end that it does not. */
export class Presence {
  readonly #pool: Pool;
  readonly #who: Pick<LiveProcess, "id" | "name" | "keyIds" | "version">;
  #timer: NodeJS.Timeout | null = null;

  constructor(pool: Pool, who: Pick<LiveProcess, "id" | "name" | "keyIds" | "version">) {
    this.#pool = pool;
    this.#who = who;
  }

  get id(): string {
    return this.#who.id;
  }

  /** Before this process spends or reads anything: whoever gives everybody a new key finds it. @throws as `pg` does */
  async begin(): Promise<void> {
    // While Postgres is away nobody can ask who lives, and the next one comes soon.
    this.#timer ??= setInterval(() => void noteProcess(this.#pool, this.#who).catch(() => {}), presenceMs).unref();
    await noteProcess(this.#pool, this.#who);
  }

  /** Its row would be passed over a minute and a half later anyway. */
  async end(): Promise<void> {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    await forgetProcess(this.#pool, this.#who.id).catch(() => {});
  }
}
