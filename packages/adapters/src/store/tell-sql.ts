import type { EventName } from "@evertoken/core";

/** A row of the outbox, each part in SQL. */
interface Told {
  /** A name in quotes, or an expression that gives one. */
  readonly event: `'${EventName}'` | `$${number}` | "event";
  /** Left out: it concerns none, but a provider or the whole installation. */
  readonly connectionId?: string;
  readonly provider: string;
  readonly payload: Readonly<Record<string, string>>;
}

/** Writes an event down, by the statement that makes the change, for each row of `from`. */
export function tellSql({ event, connectionId = "NULL::uuid", provider, payload }: Told, from: string): string {
  const fields = Object.entries(payload).map(([name, value]) => `'${name}', ${value}`);
  return `INSERT INTO outbox (event, connection_id, provider, payload)
  SELECT ${event}, ${connectionId}, ${provider}, jsonb_build_object(${fields.join(", ")}) FROM ${from}`;
}
