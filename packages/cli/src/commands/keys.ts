import {
  type ApiKeyView,
  type ApiScope,
  adoptApiKeys,
  apiScopes,
  createApiKey,
  listApiKeys,
  revokeApiKey,
  rotateKeys,
} from "@evertoken/operations";
import { type Command, Option } from "commander";
import { auditOperator } from "../audit-operator.ts";
import { type Confirmed, confirm, yesOption } from "../confirm.ts";
import { formatTime } from "../duration.ts";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";
import { createProgress } from "../progress.ts";
import type { Run } from "../run.ts";
import { table } from "../table.ts";

export function addKeys(program: Command, run: Run): void {
  const keys = program.command("keys").description("keys of the HTTP API, and the keys that encrypt");
  keys
    .command("create <name>")
    .description("make a key; it is shown this once")
    .addOption(new Option("--scope <scope...>", "what it may do").choices(apiScopes).makeOptionMandatory())
    .option("--provider <provider...>", "connections of these only")
    .option("--users <beginning...>", "connections only of users whose id begins with one of these")
    .option("--ends <time>", "when it ends, such as 2027-06-30 or 90d")
    .option("--read-only", "nothing is changed with it, whatever its scopes say")
    .action(run(create));
  keys
    .command("adopt [id...]")
    .description(
      "vouch for keys whose rows were written past Evertoken, or by the version before; without ids: for all",
    )
    .action(run(adopt));
  keys.command("list", { isDefault: true }).description("all keys, newest first").action(run(list));
  keys
    .command("revoke <id>")
    .description("revoke a key, for good")
    .option(...yesOption)
    .action(run(revoke));
  keys
    .command("rotate")
    .description("encrypt everything anew with the first key of ENCRYPTION_KEY, while all goes on")
    .action(run(rotate));
}

const longestName = 128;

interface KeyOptions {
  readonly scope: readonly ApiScope[];
  readonly provider?: readonly string[];
  readonly users?: readonly string[];
  readonly ends?: string;
  readonly readOnly?: true;
}

async function create(io: Io, given: string, options: KeyOptions): Promise<undefined> {
  const { scope: scopes, provider: providers = null, users = null, ends, readOnly = false } = options;
  const endsAt = ends === undefined ? null : readEnd(ends, new Date());
  const name = given.trim();
  if (name === "" || name.length > longestName) throw new UsageError(`a name has 1 to ${longestName} characters`);
  await withEngine(io, async ({ engine }) => {
    const { key, view } = await createApiKey(engine, { name, scopes, providers, users, endsAt, readOnly });
    const detail = { key: view.id, scopes: view.scopes.join(" ") };
    await auditOperator(engine, { action: "api_key.created", detail });
    io.result({ ...view, key }, () => [key]);
    if (!io.json) io.note(`This is ${view.id}, shown this once. Keep it like a password.`);
  });
}

function readEnd(text: string, now: Date): Date {
  const days = /^(\d{1,4})d$/.exec(text)?.[1];
  const end = days === undefined ? new Date(text) : new Date(now.getTime() + Number(days) * 86_400_000);
  if (end > now) return end;
  throw new UsageError("--ends needs a time to come, such as 2027-06-30, 2027-06-30T12:00:00Z or 90d");
}

async function adopt(io: Io, ids: readonly string[]): Promise<undefined> {
  await withEngine(io, async ({ engine }) => {
    await engine.checkKeys();
    const adopted = await adoptApiKeys(engine, ids.length === 0 ? null : ids);
    for (const { id, scopes } of adopted) {
      await auditOperator(engine, { action: "api_key.adopted", detail: { key: id, scopes: scopes.join(" ") } });
    }
    const lines = adopted.map(
      ({ id, name, prefix, scopes }) => `${id} (${name}, ${prefix}...) may ${scopes.join(" ")}`,
    );
    io.result(adopted, () => (lines.length === 0 ? ["no key waits for that"] : lines));
  });
}

async function list(io: Io): Promise<undefined> {
  await withEngine(io, async ({ engine }) => {
    const keys = await listApiKeys(engine);
    io.result(keys, () => (keys.length === 0 ? ["no keys"] : toTable(keys, new Date())));
  });
}

function toTable(keys: readonly ApiKeyView[], now: Date): string[] {
  return table(
    ["ID", "NAME", "BEGINS WITH", "SCOPES", "LIMITS", "LAST USED", "REVOKED"],
    keys.map((key) => [
      ...[key.id, key.name, key.prefix, key.sealed ? key.scopes.join(" ") : "none: see keys adopt", limitsOf(key)],
      ...[formatTime(key.lastUsedAt, now), formatTime(key.revokedAt, now)],
    ]),
  );
}

function limitsOf({ sealed, providers, users, endsAt, readOnly }: ApiKeyView): string {
  if (!sealed) return "";
  return [
    ...(readOnly ? ["reads only"] : []),
    ...(providers === null ? [] : [`at ${providers.join(" ")}`]),
    ...(users === null ? [] : [`users ${users.map((beginning) => `${beginning}*`).join(" ")}`]),
    ...(endsAt === null ? [] : [`until ${endsAt.toISOString()}`]),
  ].join(", ");
}

async function revoke(io: Io, id: string, options: Confirmed): Promise<undefined> {
  await withEngine(io, async ({ engine }) => {
    await confirm(io, `revoke the key ${id}, for good`, options);
    const view = await revokeApiKey(engine, id);
    await auditOperator(engine, { action: "api_key.revoked", detail: { key: view.id } });
    io.result(view, () => [`${view.id} (${view.name}) is revoked; the API knows it within a second`]);
  });
}

/** @returns 1 when something could not be opened, and so still needs its old key */
async function rotate(io: Io): Promise<number | undefined> {
  let failed = false;
  await withEngine(io, async ({ engine }) => {
    const progress = createProgress(io, "encrypted anew");
    const report = await rotateKeys(engine, (done, total) => progress.update(done, total)).finally(() =>
      progress.stop(),
    );
    const { reencrypted, unreadable, retired } = report;
    await auditOperator(engine, {
      action: "keys.rotated",
      detail: { reencrypted, unreadable, retired: retired.join(" ") },
    });
    io.result(report, () => [
      `${reencrypted} encrypted anew, ${unreadable} that no key opens`,
      ...retired.map((key) => `key ${key} is not needed any more: take it out of ENCRYPTION_KEY`),
    ]);
    failed = unreadable > 0;
  });
  return failed ? 1 : undefined;
}
