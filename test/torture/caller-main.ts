import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createLogger } from "@evertoken/adapters";
import { createEvertoken, type Evertoken } from "@evertoken/engine";
import { seededRandom } from "../support/seeded-random.ts";

/** An app with the library in its own process: it asks for tokens, refreshes and schedules at random until it is told to stop. */
const logger = createLogger("caller", "info");
const client = createEvertoken({ settings: process.env, logger });
const random = seededRandom(Number(process.env.TORTURE_SEED) + process.pid);

type Call = (client: Evertoken, id: string) => Promise<unknown>;

/** Each with its share of all calls. */
const calls: readonly (readonly [share: number, call: Call])[] = [
  [0.6, (evertoken, id) => evertoken.getAccessToken(id)],
  // More than any token of this provider lives: a fresh one is wanted, now.
  [0.12, (evertoken, id) => evertoken.getAccessToken(id, { minTtlSeconds: 600 })],
  [0.08, (evertoken, id) => evertoken.refresh(id)],
  [0.02, (evertoken, id) => evertoken.refresh(id, { force: true })],
  [0.14, (evertoken, id) => evertoken.scheduleNow(id)],
  [0.02, (evertoken, id) => evertoken.scheduleNow(id, { force: true })],
  [0.02, (evertoken) => evertoken.health(`user-${Math.floor(random() * 1000)}`)],
];

const bulkEveryMs = 20_000;
let stopping = false;
let ids: string[] = [];

function pickCall(): Call {
  let ticket = random();
  for (const [share, call] of calls) {
    if (ticket < share) return call;
    ticket -= share;
  }
  return (evertoken, id) => evertoken.getAccessToken(id);
}

/** What fails here is the app's to bear; what it did to the grants is judged by the server's record. */
async function callOn(): Promise<void> {
  while (!stopping) {
    const id = ids[Math.floor(random() * ids.length)];
    if (id !== undefined) await pickCall()(client, id).catch(() => undefined);
    await sleep(20 + random() * 200);
  }
}

async function bulk(): Promise<void> {
  while (!stopping) {
    await sleep(bulkEveryMs * random());
    if (!stopping) await client.refreshAllExpiring({ timeoutMs: 5000 }).catch(() => undefined);
  }
}

function readIds(): void {
  try {
    ids = JSON.parse(readFileSync(process.env.TORTURE_IDS ?? "", "utf8")) as string[];
  } catch {
    // Being written at this moment.
  }
}

process.on("SIGTERM", () => {
  if (stopping) process.exit(1);
  stopping = true;
  // As an app that ends does, with calls still running.
  client.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});

readIds();
setInterval(readIds, 5000).unref();
for (let index = 0; index < 6; index += 1) void callOn();
void bulk();
logger.info("caller ready");
