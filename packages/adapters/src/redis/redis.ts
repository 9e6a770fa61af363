import { Redis, type RedisOptions } from "ioredis";
import { isReplaced } from "./redis-trouble.ts";

/** For processes that live from the queue: waits for Redis however long it takes, and is back within 2 s of its return. */
export const patient: RedisOptions = {
  maxRetriesPerRequest: null,
  // A peer that vanished without a word would be waited for until TCP gives up, a quarter of an hour later. BullMQ blocks for
  // 10 s at most, so a longer silence in the face of a command is a dead connection.
  socketTimeout: 15_000,
};

/** For callers that wait for an answer: says within 2 s that Redis is away. A command that timed out may still happen. */
export const impatient: RedisOptions = {
  maxRetriesPerRequest: 1,
  commandTimeout: 2000,
};

/**
 * @param onError connection trouble; without a listener ioredis would print it
 */
export function connectRedis(url: string, options: RedisOptions, onError: (error: Error) => void): FollowingRedis {
  const redis = new FollowingRedis(url, options);
  redis.on("error", onError);
  redis.onReplaced = onError;
  return redis;
}

/** Between two looks whether the address leads to the new primary by now. */
const lookAgainMs = 500;

/** What BullMQ takes from INFO: our own lower bound, where the user may not ask. */
const unknownServer = "redis_version:7.0.8\r\n";

/**
 * A managed failover turns the primary into a replica while connections to it stand, and the address then leads to another server. So what
 * is refused for that is no error: the connection is made anew, and the command, of which nothing was done, is sent again.
 *
 * It also works for users without the right to INFO, which libraries ask for when they connect.
 */
export class FollowingRedis extends Redis {
  onReplaced: (error: Error) => void = () => {};
  /** What the server or the way to it said last against us, and when. */
  trouble: { readonly error: Error; readonly at: number } | null = null;
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
    this.on("error", note);
    this.options.reconnectOnError = (error) => {
      note(error);
      if (!isReplaced(error)) return false;
      replacedAt = Date.now();
      this.onReplaced(error);
      return 2;
    };
    this.options.retryStrategy = (times) =>
      Date.now() - replacedAt < lookAgainMs ? lookAgainMs : Math.min(times * 200, 2000);
  }

  // biome-ignore lint/suspicious/noExplicitAny: some of its overloads take a callback.
  override info(...given: any[]): Promise<string> {
    const callback = typeof given.at(-1) === "function" ? given.pop() : null;
    const answer = (super.info as (...sections: string[]) => Promise<string>)(...given).catch((error: Error) => {
      if (error.message.startsWith("NOPERM")) return unknownServer;
      throw error;
    });
    if (callback !== null) answer.then((text) => callback(null, text), callback);
    return answer;
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
    copy.onReplaced = this.onReplaced;
    return copy;
  }
}
