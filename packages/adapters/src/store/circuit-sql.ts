import { noRegistration } from "@evertoken/core";
import { tellSql } from "./tell-sql.ts";

/**
 * Whether a circuit or fault `row` of a connection `c` belongs to the secret that we have, given our fingerprints. A stored registration
 * that this process has not used lately is not among them; all processes share it, so what one of them found out counts.
 */
const sameSecretSql = (row: string, fingerprints: string) =>
  `${row}.fingerprint = coalesce(${fingerprints}::jsonb ->> (c.provider || '/' || c.registration),
    CASE WHEN c.registration = 'default' THEN '${noRegistration}' ELSE ${row}.fingerprint END)`;

/** Whether a circuit `k` stands against a connection `c`: that of all grants, or that of those of another client id. */
export const standsSql = (k: string, fingerprints: string) =>
  `${k}.provider = c.provider AND ${k}.registration = c.registration AND ${k}.open AND ${k}.circuit_of IN ('', c.client)
    AND ${sameSecretSql(k, fingerprints)}`;

/** The fault that a connection `c` has met before others were granted, and not been granted anything since. */
export const ownFaultSql = (fingerprints: string, suspectedForMs: string) =>
  `CASE WHEN c.status = 'error' AND c.last_error_code = 'invalid_client' THEN 'invalid_client'
    ELSE (
    SELECT f.code FROM faults f JOIN circuits k USING (provider, registration, fingerprint, circuit_of)
    WHERE f.connection_id = c.id AND f.at < k.closed_at AND k.closed_at > clock_timestamp() - ${suspectedForMs} * interval '1 millisecond'
      AND NOT k.open AND (c.last_refresh_at IS NULL OR c.last_refresh_at < f.at) AND ${sameSecretSql("f", fingerprints)}) END`;

/** What the statement that closes a circuit `k` returns of it, for the event. */
export const closedColumns = "k.provider, k.registration, k.code, k.opened_at";

/** What a circuit `k` is when an answer has closed it. */
export const closingSql = (
  believedAt: string,
) => `open = false, closed_at = clock_timestamp(), believed_at = ${believedAt},
    doubted_at = CASE WHEN k.code = 'mass_denial' THEN clock_timestamp() ELSE k.doubted_at END`;

/** Told by the statement that has closed it, so once, whoever else was about to. */
export const circuitClosedSql = (closed: string, payload: Readonly<Record<string, string>> = {}) =>
  tellSql(
    {
      ...{ event: "'provider.circuit_closed'", provider: "provider" },
      payload: { registration: "registration", errorCode: "code", openedAt: "opened_at", ...payload },
    },
    closed,
  );
