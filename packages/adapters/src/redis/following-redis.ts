import { Redis, type RedisOptions } from "ioredis";
import { isReplaced, redisTrouble, type Said } from "./redis-trouble.ts";
import { tolerantInfo } from "./tolerant-info.ts";

/** Between two looks whether the address, or the Sentinels, lead to the new primary by now. */
const lookAgainMs = 500;

/**
 * A managed failover turns the primary into a replica while connections to it stand, and the address then leads to another server. So what
 * is refused for that is no error: the connection is made anew, and the command, of which nothing was done, is sent again.
 *
 * It also works for users without the right to INFO, which libraries ask for when they connect.
 */
export class FollowingRedis extends Redis {
  onTrouble: (error: Error) => void = () => {};
  /** What the server or the way to it said last against us, and when. */
  trouble: Said | null = null;
  /** A trial write that is still to be answered: another one would tell nothing more. */
  trial: Promise<unknown> | null = null;
  #left: unknown = null;

  // biome-ignore lint/suspicious/noExplicitAny: ioredis declares a dozen overloads.
  constructor(...given: any[]) {
    super(...(given as [string, RedisOptions]));
    let replacedAt = Number.NEGATIVE_INFINITY;
    const note = (error: Error) => {
      this.trouble = { error, at: Date.now() };
    };
    // What one Sentinel says tells more than that another is silent.
    let told: Error | null = null;
    this.on("sentinelError", (error: Error) => {
      if (redisTrouble(error) !== "away") told = error;
    });
    this.on("error", (error: Error) => {
      note(told ?? error);
      told = null;
    });
    this.options.reconnectOnError = (error) => {
      note(error);
      if (!isReplaced(error)) return false;
      replacedAt = Date.now();
      this.onTrouble(error);
      return 2;
    };
    this.options.retryStrategy = (times) =>
      Date.now() - replacedAt < lookAgainMs ? lookAgainMs : Math.min(times * 200, 2000);
  }

  // biome-ignore lint/suspicious/noExplicitAny: some of its overloads take a callback.
  override info(...given: any[]): Promise<string> {
    return tolerantInfo((...sections) => super.info(...(sections as [string])), given);
  }

  /** Each command that is refused wants the connection made anew: once is enough. */
  override disconnect(reconnect?: boolean): void {
    if (reconnect === true) {
      if (this.#left === this.stream) return;
      this.#left = this.stream;
    }
    super.disconnect(reconnect);
  }

  /** Blocking connections are copies. */
  override duplicate(override?: RedisOptions): FollowingRedis {
    const copy = new FollowingRedis({ ...this.options, ...override });
    copy.onTrouble = this.onTrouble;
    return copy;
  }
}
