import { closeWorkers, patient, startSyncWorker, within } from "@evertoken/adapters";
import { type EmbeddedOptions, readEmbedded } from "../embedded-settings.ts";
import { type Engine, openEngine } from "../engine.ts";
import { EvertokenError } from "../evertoken-error.ts";
import { hostActor } from "../host-actor.ts";
import { prepareEngine } from "../prepare-engine.ts";
import { announceHandlers } from "./app-handlers.ts";
import type { SyncHandler } from "./sync-handler.ts";
import { createSyncJob } from "./sync-job.ts";

/** How long Redis gets to hear of the last results. */
const farewellMs = 2000;

export interface SyncWorkerOptions extends EmbeddedOptions {
  /** By provider. Connections of other providers are synced by the engine itself. */
  readonly handlers: Readonly<Record<string, SyncHandler>>;
}

export interface SyncWorker {
  readonly providers: readonly string[];
  /** Takes no new work and waits for what runs; what cannot end in time is told by its signal. */
  close(): Promise<void>;
}

/**
 * Runs an app's own sync handlers, in the app's process. From its first start on, syncs of these providers wait for a worker like this
 * one, also while it is down.
 *
 * @throws {ConfigError} for wrong settings, {@link EvertokenError} for handlers of unknown providers
 */
export async function createSyncWorker(given: SyncWorkerOptions): Promise<SyncWorker> {
  const { handlers, ...options } = given ?? {};
  const settings = readEmbedded(options);
  const { config, logger } = settings;
  const names = Object.keys(handlers ?? {});
  if (names.length === 0 || names.some((name) => typeof handlers[name] !== "function")) {
    throw new EvertokenError("invalid_input", "handlers: needs a function for each provider, and one at least");
  }
  const engine = openEngine({ ...settings, redis: patient, inJob: false, name: "app" });
  const stopBeating = await begin(engine, names).catch(async (error) => {
    await engine.close();
    throw error;
  });
  const stopping = new AbortController();
  const workers = names.map((name) =>
    startSyncWorker(
      engine,
      name,
      engine.work.watch(createSyncJob(engine, countingReads(engine, handlers[name]), stopping.signal)),
    ),
  );
  const follow = () => {
    // Its jobs may be those of another installation.
    for (const worker of workers) engine.installation.held === null ? worker.resume() : void worker.pause(true);
  };
  engine.installation.onChange(follow);
  follow();
  logger.info({ providers: names }, "sync worker ready");
  let closing: Promise<void> | null = null;
  const end = async () => {
    stopBeating();
    const timer = setTimeout(() => stopping.abort(), (config.shutdownMs * 2) / 3);
    await within(config.shutdownMs, closeWorkers(workers, engine.work, farewellMs));
    clearTimeout(timer);
    await engine.close();
  };
  return {
    providers: names,
    close() {
      closing ??= end();
      return closing;
    },
  };
}

/** The token that it is given leaves for the app, as one that is read. */
function countingReads({ audit }: Engine, handler: SyncHandler | undefined): SyncHandler | undefined {
  const who = hostActor("app");
  return (
    handler &&
    ((context) => {
      const { connection, token } = context;
      const detail = { generation: token.generation };
      audit.count({ ...who, action: "token.read", connectionId: connection.id, detail });
      return handler(context);
    })
  );
}

/** @returns what stops telling that these handlers are there */
async function begin(engine: Engine, names: readonly string[]): Promise<() => void> {
  await prepareEngine(engine);
  await checkNames(engine, names);
  return announceHandlers(engine.pool, names);
}

/** @throws {EvertokenError} */
async function checkNames(engine: Engine, names: readonly string[]): Promise<void> {
  const known = await Promise.all(names.map((name) => engine.providers.known(name)));
  const unknown = names.filter((_, index) => known[index] === undefined);
  if (unknown.length === 0) return;
  throw new EvertokenError("unknown_provider", `there is no provider "${unknown.join('", "')}"`);
}
