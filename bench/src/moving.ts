import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Ground, openGround, provider } from "./ground.ts";
import { usageOf } from "./process-tree.ts";

const launcher = fileURLToPath(new URL("../../packages/cli/bin/evertoken.js", import.meta.url));

/** What it takes to move out with all tokens, and to have the file judged elsewhere. Moving in takes a transaction each. */
export async function measureMoving(connections: number): Promise<object[]> {
  const ground = await openGround();
  const file = join(tmpdir(), `evertoken-moving-${process.pid}.jsonl`);
  try {
    await seedSealed(ground, connections);
    const exported = await command(ground, "export", file, "--with-tokens");
    await ground.pool.query("TRUNCATE connections CASCADE");
    const judged = await command(ground, "import", file, "--dry-run");
    return [exported, judged].map(({ what, seconds, mostMb }) => {
      return { what, connections, seconds: Math.round(seconds), perSecond: Math.round(connections / seconds), mostMb };
    });
  } finally {
    await rm(file, { force: true });
    await ground.close();
  }
}

/** Runs it to its end; the most memory is looked at until then. */
async function command({ env }: Ground, ...args: string[]) {
  const started = performance.now();
  const child = spawn(process.execPath, [launcher, "connections", ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  let mostMb = 0;
  const timer = setInterval(() => {
    mostMb = Math.max(mostMb, usageOf(child.pid as number).mostResidentMb);
  }, 100);
  const [code] = await once(child, "exit");
  clearInterval(timer);
  if (code !== 0) throw new Error(`evertoken connections ${args.join(" ")} ended with ${code}`);
  const what = [args[0], ...args.slice(2)].join(" ");
  return { what, seconds: (performance.now() - started) / 1000, mostMb };
}

const slice = 10_000;

/** Rows whose tokens open, of the length of Google's. */
async function seedSealed({ pool, keyring }: Ground, count: number): Promise<void> {
  const client = await pool.connect();
  await client.query("SET statement_timeout = 0");
  for (let first = 0; first < count; first += slice) {
    const rows = Array.from({ length: Math.min(slice, count - first) }, (_, index) => {
      const [id, n] = [randomUUID(), first + index];
      const owner = { id, provider, registration: "default" };
      const seal = (token: string, column: "access_token" | "refresh_token") => keyring.seal(token, owner, column);
      const access = seal(`a${n}`.padEnd(220, "x"), "access_token");
      return { id, n, access, refresh: seal(`r${n}`.padEnd(100, "x"), "refresh_token") };
    });
    const text = `INSERT INTO connections (id, user_id, provider, external_account_id, access_token, refresh_token, token_type, scopes, expires_at)
      SELECT id, 'user-' || n, $2, 'account-' || n, access, refresh, 'Bearer', '{profile}', now() + interval '30 days'
      FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, n int, access text, refresh text)`;
    await client.query({ text, values: [JSON.stringify(rows), provider], query_timeout: 600_000 } as never);
  }
  client.release(true);
}
