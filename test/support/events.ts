import { createHmac, timingSafeEqual } from "node:crypto";
import { createKeyring, readConfig } from "@evertoken/adapters";
import { nudgeDelivery } from "@evertoken/engine/internal";
import { type EndpointInput, listDeliveries, saveEndpoint } from "@evertoken/operations";
import type { Received } from "./receiver.ts";
import type { Env, Rig } from "./rig.ts";

/** Delivers and retries soon, so that a test sees in seconds what takes days in the field. */
export const promptly: Env = {
  NOTIFY_RETRY_MS: "100",
  NOTIFY_RETRY_CAP_MS: "400",
  NOTIFY_TIMEOUT_MS: "1000",
  ALERT_WINDOW_MS: "700",
  ALERT_QUIET_MS: "1500",
  RECONCILE_CRON: "0 0 1 1 *",
};

export async function addEndpoint(rig: Rig, input: EndpointInput): Promise<{ id: string; secret: string }> {
  const { config } = readConfig(rig.env, () => "");
  const deps = {
    pool: rig.pool,
    keyring: createKeyring([rig.env.ENCRYPTION_KEY as string]),
    notify: config.notify,
    allowPrivateAddresses: true,
  };
  const saved = await saveEndpoint(deps, input);
  if (saved.kind !== "saved") throw new Error(`not saved: ${JSON.stringify(saved)}`);
  return { id: saved.endpoint.id, secret: saved.secret ?? "" };
}

export const deliveriesOf = (rig: Rig, endpointId: string) => listDeliveries(rig.pool, { endpointId, limit: 1000 });

/** Writes events as the engine does, without a connection having to fail. */
export async function tell(rig: Rig, count: number, event: string, payload: object = {}, provider = "acme") {
  const { rows } = await rig.pool.query<{ id: string }>(
    `INSERT INTO outbox (event, connection_id, provider, payload)
     SELECT $1, CASE WHEN $1 LIKE 'provider.%' THEN NULL ELSE gen_random_uuid() END, $2, $3 FROM generate_series(1, $4) RETURNING id`,
    [event, provider, payload, count],
  );
  await nudgeDelivery(rig.queues);
  return rows.map(({ id }) => `evt_${id}`);
}

/** Standard Webhooks, as a receiver would check it: nothing of ours is used. */
export function verified({ headers, body, at }: Received, secret: string): boolean {
  const [id, timestamp] = [headers["webhook-id"], headers["webhook-timestamp"]];
  if (Math.abs(at / 1000 - Number(timestamp)) > 300) return false;
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  return String(headers["webhook-signature"])
    .split(" ")
    .some((entry) => {
      const [version, signature] = entry.split(",");
      const given = Buffer.from(signature ?? "", "base64");
      return version === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
    });
}

export const idsOf = (received: readonly Received[]) => received.map(({ headers }) => String(headers["webhook-id"]));
