import { addUpRefreshes } from "@evertoken/adapters";
import type { Pool } from "pg";
import { type Dashboard, startDashboard } from "./dashboard-process.ts";
import { openGround } from "./ground.ts";
import { manyProviders, seedMany } from "./seed-many.ts";

const refreshesPerSecond = 500;
const reads = 30;

/** How long the dashboard's pages take with many connections, while so many are refreshed beside it; all on one machine. */
export async function measureDashboard(connections: number): Promise<object[]> {
  const ground = await openGround();
  try {
    const { pool } = ground;
    await seedMany(pool, connections, 1_000_000);
    for (let run = 0; run < 2; run++) {
      await pool.query("UPDATE refresh_stats_progress SET seen_at = now() - interval '1 minute'");
      await addUpRefreshes(pool);
    }
    const registrations = manyProviders.flatMap((id) => [
      [`${id.toUpperCase()}_CLIENT_ID`, "client"],
      [`${id.toUpperCase()}_CLIENT_SECRET`, "secret"],
    ]);
    const dashboard = await startDashboard({ ...ground.env, ...Object.fromEntries(registrations) });
    const stopRefreshes = keepRefreshing(pool);
    const rows: object[] = [];
    for (const path of await pathsOf(pool)) rows.push(await timesOf(dashboard, path));
    await stopRefreshes();
    await dashboard.stop();
    return rows;
  } finally {
    await ground.close();
  }
}

async function pathsOf(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query("SELECT id, external_account_id FROM connections LIMIT 1 OFFSET 5000");
  const { id, external_account_id: account } = rows[0];
  // Half the way down: keyset pages cost the same anywhere.
  const deep = async (column: string) => {
    const { rows: places } = await pool.query(
      `SELECT provider, status, ${column} AS at, id FROM connections WHERE provider = 'hubspot' AND status = 'connected'
       ORDER BY ${column}, id LIMIT 1 OFFSET (SELECT count(*) / 4 FROM connections)`,
    );
    const { provider, status, at, id } = places[0];
    return Buffer.from(JSON.stringify([provider, status, at.toISOString(), id])).toString("base64url");
  };
  return [
    ...["/", "/connections", `/connections?after=${await deep("expires_at")}`, "/connections?provider=hubspot"],
    ...["/connections?sort=refreshed", "/connections?sort=refreshed&order=asc", "/connections?sort=updated"],
    ...[`/connections?sort=updated&order=asc&after=${await deep("updated_at")}`, "/connections?sort=status"],
    ...[
      "/connections?provider=reddit&status=error&sort=updated",
      "/connections?state=expiring",
      "/connections?state=expired",
    ],
    ...["/connections?state=failing", `/connections?q=${id}`, `/connections?q=${account}`, "/connections?q=user-1"],
    ...[
      "/connections?q=account%20ab",
      `/connections/${id}`,
      "/providers",
      "/providers/hubspot",
      "/?range=1h",
      "/?range=30d",
    ],
    ...["/connections?state=down", "/connections?state=provider", "/connections?state=user&provider=hubspot"],
    ...[
      "/log",
      "/log?outcome=failed",
      "/log?outcome=failed&range=30d&code=invalid_client",
      "/log?code=nothing_like_it&range=7d",
    ],
    ...["/log/connections?outcome=failed", "/webhooks", "/settings"],
  ];
}

async function timesOf(dashboard: Dashboard, path: string) {
  const first = await dashboard.read(path);
  const took: number[] = [];
  for (let read = 0; read < reads; read++) took.push(await dashboard.read(path));
  took.sort((a, b) => a - b);
  const at = (share: number) => Math.round(took[Math.min(reads - 1, Math.floor(reads * share))] ?? 0);
  return { page: path.slice(0, 60), firstMs: Math.round(first), p50Ms: at(0.5), p95Ms: at(0.95), worstMs: at(1) };
}

/** What a refresh writes, of connections here and there. */
function keepRefreshing(pool: Pool): () => Promise<void> {
  let going = true;
  const done = (async () => {
    for (let started = performance.now(); going; started = performance.now()) {
      await pool.query({
        text: `UPDATE connections SET expires_at = now() + interval '30 minutes', next_refresh_at = now() + interval '25 minutes',
            generation = generation + 1, last_refresh_at = now(), updated_at = now(), access_token = reverse(access_token)
          WHERE id = ANY(ARRAY(SELECT id FROM connections TABLESAMPLE SYSTEM (0.1) WHERE status = 'connected' LIMIT $1))`,
        values: [refreshesPerSecond / 10],
      });
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, 100 - (performance.now() - started))));
    }
  })();
  return async () => {
    going = false;
    await done;
  };
}
