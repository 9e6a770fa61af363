/**
 * How a migration is applied to a database that is in use, in its file `online.sql`: the same as its `migration.sql`, in steps that keep no
 * writer waiting. Each step begins with a line that says of which kind it is:
 *
 * - `-- step: short locks`: one transaction, which gives up a lock that is not to be had at once, and tries again.
 * - `-- step: concurrently`: statements outside of transactions, `CREATE INDEX CONCURRENTLY` and `DROP INDEX CONCURRENTLY IF EXISTS`.
 * - `-- step: batches over <table>`: one statement, repeated. `$1` is where it goes on from, an empty text at first; it answers with one row:
 *   `next`, null when all is done, and `rows`. It may run again from its beginning.
 */
export interface Step {
  readonly kind: "short locks" | "concurrently" | "batches";
  /** Of batches: the table by whose size progress is told. */
  readonly over: string | null;
  readonly sql: string;
}

const header = /^-- step: (short locks|concurrently|batches)(?: over (\w+))?$/m;

export function readSteps(online: string): Step[] {
  const [before = "", ...parts] = online.split(header);
  if (parts.length === 0 || /^(?!--|\s*$)/m.test(before)) throw new Error("online.sql has to begin with a step");
  const steps: Step[] = [];
  for (let at = 0; at < parts.length; at += 3) {
    const [kind, over, sql] = parts.slice(at, at + 3) as [Step["kind"], string | undefined, string];
    steps.push({ kind, over: over ?? null, sql: sql.trim() });
  }
  return steps;
}

/** Those of a step that is not sent as a whole. None of them has a semicolon within. */
export const statementsOf = ({ sql }: Step): string[] =>
  sql
    .replaceAll(/^--.*$/gm, "")
    .split(";")
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
