import { answerWithin, liveProcesses } from "@evertoken/adapters";
import { version, withStore } from "@evertoken/engine/internal";
import type { FastifyInstance } from "fastify";
import { sessionOf } from "./actions.ts";
import type { PageContext } from "./context.ts";
import { sendPage } from "./page.ts";
import { settingsPage } from "./settings-page.ts";

const liveSeconds = 15;
const patienceMs = 1000;

/** What runs here, and with what: never a secret. */
export function registerSettings(app: FastifyInstance, { engine }: PageContext): void {
  app.get("/settings", async (request, reply) => {
    const { config, presence, keyring } = engine;
    const [processes, servers, instance] = await Promise.all([
      withStore(() => liveProcesses(engine.pool)),
      withStore(() => versionsOf(engine)),
      withStore(() => engine.prisma.installation.findFirst({ select: { identity: true, adoptedAt: true } })),
    ]);
    const content = settingsPage({
      ...{
        now: new Date(),
        settings: config.told,
        warnings: config.warnings,
        processes,
        instance,
        version,
        own: presence?.id ?? "",
      },
      ...{ ...servers, keyId: keyring.activeKeyId },
    });
    return sendPage(reply, {
      title: "Settings",
      content,
      section: "settings",
      session: sessionOf(request),
      live: liveSeconds,
    });
  });
}

async function versionsOf({
  pool,
  queues,
}: PageContext["engine"]): Promise<{ postgres: string; redis: string | null; migration: string }> {
  const [{ rows }, info] = await Promise.all([
    pool.query<{ version: string; migration: string | null }>(
      `SELECT current_setting('server_version') AS version,
         (SELECT max(migration_name) FROM _prisma_migrations WHERE finished_at IS NOT NULL) AS migration`,
    ),
    answerWithin(patienceMs, queues.redis.info("server")),
  ]);
  const told = info === null ? null : (/^(?:redis|valkey)_version:(.+)$/m.exec(info)?.[1]?.trim() ?? "not told");
  return { postgres: rows[0]?.version ?? "not told", redis: told, migration: rows[0]?.migration ?? "none" };
}
