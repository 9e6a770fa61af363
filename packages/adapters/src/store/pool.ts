import pg from "pg";
import { refusesParameter } from "./postgres-trouble.ts";

export interface PoolOptions {
  /**
   * Whether statements keep their names, and with them their plans. Poolers in transaction mode hand out another session for each
   * statement: those that do not take the names along need this to be false.
   */
  readonly prepared?: boolean;
}

/**
 * One pool serves Prisma and the prepared statements of the hot path alike.
 *
 * @param onError trouble of idle connections; without a listener it would end the process
 */
export function createPool(
  url: string,
  max: number,
  onError: (error: Error) => void,
  { prepared = true }: PoolOptions = {},
): pg.Pool {
  const pool = new ForgivingPool({
    connectionString: url,
    max,
    // A server that hangs must not hold a refresh longer than its lease: say so while there is time to spool.
    connectionTimeoutMillis: 5000,
    query_timeout: 10_000,
    // What we give up the server gives up as well, and earlier, so that we hear of it: no claim is made behind our back.
    statement_timeout: 9000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    ...(prepared ? {} : { Client: NamelessClient }),
  });
  pool.on("error", onError);
  return pool;
}

/**
 * A pooler such as PgBouncer refuses what it cannot pass on at the start of a connection, such as `statement_timeout`: then it is left to
 * the role (`ALTER ROLE ... SET`), and the connection made without.
 */
class ForgivingPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<pg.PoolClient> | undefined {
    if (callback !== undefined) {
      this.#connect(callback);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.#connect((error, client) => (client === undefined ? reject(error) : resolve(client)));
    });
  }

  #connect(callback: Connected): void {
    super.connect((error, client, release) => {
      if (error === undefined || !refusesParameter(error)) return callback(error, client, release);
      delete this.options.statement_timeout;
      super.connect(callback);
    });
  }
}

type Connected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  release: pg.PoolClient["release"],
) => void;

/** Sends named statements without their names. */
class NamelessClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: pg declares eight overloads.
  override query(statement: any, ...rest: any[]): any {
    const ask = super.query as (...given: unknown[]) => unknown;
    const isNamed = typeof statement === "object" && statement !== null && "name" in statement && "text" in statement;
    return ask.call(this, isNamed && !("submit" in statement) ? { ...statement, name: undefined } : statement, ...rest);
  }
}
