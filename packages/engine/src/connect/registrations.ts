import { randomUUID } from "node:crypto";
import { closeCircuitOfOtherSecret } from "@evertoken/adapters";
import { fingerprintOf } from "@evertoken/providers";
import { z } from "zod";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";
import { defaultRegistration, secretPlace } from "../providers/registration-names.ts";
import { nudgeDelivery } from "../refresh/announce.ts";
import { pastedSecret, takenOff } from "./pasted-field.ts";

const saveSchema = z.strictObject({
  provider: z.string().min(1).max(128),
  name: z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, "needs lower case letters, digits, dots, dashes: at most 64"),
  clientId: pastedSecret,
  /** null: a public client. Left out: the stored one stays. */
  clientSecret: pastedSecret.nullish(),
});

export type RegistrationInput = z.input<typeof saveSchema>;

/** A stored client registration as it may be shown: without its secret. */
export interface RegistrationView {
  readonly id: string;
  readonly provider: string;
  readonly name: string;
  readonly clientId: string;
  readonly hasSecret: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Client registrations beside those of the environment, for white-label apps. Every function throws {@link EvertokenError}. */
export const registrations = {
  async list({ prisma }: Engine, filter: { provider?: string } = {}): Promise<RegistrationView[]> {
    const rows = await withStore(() =>
      prisma.clientRegistration.findMany({
        where: filter.provider === undefined ? {} : { provider: filter.provider },
        orderBy: [{ provider: "asc" }, { name: "asc" }],
        take: 1000,
      }),
    );
    return rows.map(toView);
  },

  /**
   * Adds it, or replaces client id and secret of the one with this name. A secret belongs to a client id: another one needs its own. A circuit
   * that the old secret opened closes.
   */
  async save(engine: Engine, input: RegistrationInput): Promise<RegistrationView> {
    const { provider, name, clientId, clientSecret } = await parse(engine, input);
    await withStore(engine.checkKeys);
    if (clientSecret === undefined) await refuseForeignSecret(engine, provider, name, clientId);
    const place = secretPlace(provider, name);
    const secret = clientSecret ? engine.keyring.sealText(clientSecret, place) : clientSecret;
    const row = await withStore(() =>
      engine.prisma.clientRegistration.upsert({
        where: { provider_name: { provider, name } },
        create: { id: randomUUID(), provider, name, clientId, clientSecret: secret ?? null },
        update: { clientId, updatedAt: new Date(), ...(secret === undefined ? {} : { clientSecret: secret }) },
      }),
    );
    const warnings = takenOff({ clientId: input.clientId, clientSecret: input.clientSecret });
    if (warnings.length > 0) engine.logger.warn({ warnings }, `the registration ${provider}/${name} is stored`);
    await forget(engine, provider, name);
    await closeCircuit(engine, provider, name, {
      clientId,
      clientSecret: row.clientSecret === null ? null : engine.keyring.openText(row.clientSecret, place),
    });
    return toView(row);
  },

  /** Refused while connections use it: their tokens can be refreshed with no other. */
  async remove(engine: Engine, key: { provider: string; name: string }): Promise<void> {
    const { provider, name } = key;
    const { rows } = await withStore(() =>
      engine.pool.query<{ used: boolean; removed: boolean }>(
        `WITH used AS (
           SELECT 1 FROM connections WHERE provider = $1 AND registration = $2 AND status <> 'disconnected' LIMIT 1
         ), removed AS (
           DELETE FROM client_registrations WHERE provider = $1 AND name = $2 AND NOT EXISTS (SELECT FROM used) RETURNING 1
         )
         SELECT EXISTS (SELECT FROM used) AS used, EXISTS (SELECT FROM removed) AS removed`,
        [provider, name],
      ),
    );
    await forget(engine, provider, name);
    if (rows[0]?.used) {
      throw new EvertokenError("registration_in_use", `connections use the registration ${provider}/${name}`);
    }
    if (!rows[0]?.removed) throw new EvertokenError("registration_not_found", `there is no ${provider}/${name}`);
  },
};

async function parse(engine: Engine, input: unknown): Promise<z.output<typeof saveSchema>> {
  const parsed = saveSchema.safeParse(input);
  if (!parsed.success) {
    // Only where and why: the value itself may be a secret.
    const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "input"}: ${issue.message}`);
    throw new EvertokenError("invalid_input", `the registration cannot be stored: ${faults.join("; ")}`);
  }
  const known = await withStore(() => engine.providers.known(parsed.data.provider));
  if (known === undefined)
    throw new EvertokenError("unknown_provider", `there is no provider "${parsed.data.provider}"`);
  if (known.provider.authType !== "oauth2") {
    throw new EvertokenError("invalid_input", `provider: ${known.provider.id} has no client registrations`);
  }
  if (parsed.data.name === defaultRegistration && known.origin !== "stored") {
    throw new EvertokenError("invalid_input", "name: `default` is the one of the environment");
  }
  return parsed.data;
}

async function refuseForeignSecret(
  { prisma }: Engine,
  provider: string,
  name: string,
  clientId: string,
): Promise<void> {
  const key = { provider_name: { provider, name } };
  const known = await withStore(() => prisma.clientRegistration.findUnique({ where: key }));
  if (known === null || known.clientSecret === null || known.clientId === clientId) return;
  throw new EvertokenError("invalid_input", "clientSecret: needed with another clientId (null: a public client)");
}

async function forget(engine: Engine, provider: string, name: string): Promise<void> {
  engine.registrations.forget(provider, name);
  if (name === defaultRegistration) await withStore(engine.providers.reload);
}

async function closeCircuit(
  engine: Engine,
  provider: string,
  name: string,
  registration: { clientId: string; clientSecret: string | null },
): Promise<void> {
  const known = await withStore(() => engine.providers.known(provider));
  if (known === undefined) return;
  const fingerprint = fingerprintOf(registration, known.provider);
  const closed = await withStore(() => closeCircuitOfOtherSecret(engine.pool, provider, name, fingerprint));
  // Redis may be away; the event waits in the outbox.
  if (closed) await nudgeDelivery(engine.queues).catch(() => {});
}

function toView(row: {
  id: string;
  provider: string;
  name: string;
  clientId: string;
  clientSecret: string | null;
  createdAt: Date;
  updatedAt: Date;
}): RegistrationView {
  const { clientSecret, ...shown } = row;
  return { ...shown, hasSecret: clientSecret !== null };
}
