import {
  type ApiKeyView,
  type ApiScope,
  apiScopes,
  createApiKey,
  listApiKeys,
  revokeApiKey,
  rotateKeys,
} from "@evertoken/operations";
import { type Command, Option } from "commander";
import { auditOperator } from "../audit-operator.ts";
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
    .action(run(create));
  keys.command("list", { isDefault: true }).description("all keys, newest first").action(run(list));
  keys.command("revoke <id>").description("revoke a key, for good").action(run(revoke));
  keys
    .command("rotate")
    .description("encrypt everything anew with the first key of ENCRYPTION_KEY, while all goes on")
    .action(run(rotate));
}

const longestName = 128;

async function create(io: Io, given: string, { scope }: { scope: readonly ApiScope[] }): Promise<undefined> {
  const name = given.trim();
  if (name === "" || name.length > longestName) throw new UsageError(`a name has 1 to ${longestName} characters`);
  await withEngine(io, async ({ engine }) => {
    const { key, view } = await createApiKey(engine, { name, scopes: scope });
    const detail = { key: view.id, scopes: view.scopes.join(" ") };
    await auditOperator(engine, { action: "api_key.created", detail });
    io.result({ ...view, key }, () => [key]);
    if (!io.json) io.note(`This is ${view.id}, shown this once. Keep it like a password.`);
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
    ["ID", "NAME", "BEGINS WITH", "SCOPES", "LAST USED", "REVOKED"],
    keys.map(({ id, name, prefix, scopes, lastUsedAt, revokedAt }) => [
      ...[id, name, prefix, scopes.join(" ")],
      ...[formatTime(lastUsedAt, now), formatTime(revokedAt, now)],
    ]),
  );
}

async function revoke(io: Io, id: string): Promise<undefined> {
  await withEngine(io, async ({ engine }) => {
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
