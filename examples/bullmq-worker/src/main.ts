import { createEvertoken, EvertokenError } from "@evertoken/client";
import { type Job, UnrecoverableError, Worker } from "bullmq";

const apiUrl = process.env.APP_API_URL ?? "https://api.hubapi.com/account-info/v3/details";
const redisUrl = process.env.REDIS_URL ?? "redis://127.0.0.1:6379";

const evertoken = createEvertoken({ url: process.env.EVERTOKEN_URL, key: process.env.EVERTOKEN_KEY });

interface Account {
  readonly userId: string;
  readonly provider: string;
}

const worker = new Worker<Account>("accounts", (job) => work(job).catch(judge), {
  connection: { url: redisUrl },
  concurrency: 20,
});

async function work({ name, data }: Job<Account>): Promise<unknown> {
  // A token in a job's data would be old when the job runs, and would stand in Redis: the job asks for it.
  if (name === "renew") return evertoken.scheduleNow(data);
  const answer = await evertoken.withAccessToken(data, ({ accessToken }) =>
    fetch(apiUrl, { headers: { authorization: `Bearer ${accessToken}` } }),
  );
  if (!answer.ok) throw new Error(`the API answered ${answer.status}`);
  return answer.json();
}

/** Only its user can bring back an account whose grant is dead: trying again would not help. All else BullMQ tries again. */
function judge(error: unknown): never {
  if (error instanceof EvertokenError && error.reconnectUrl !== null) throw new UnrecoverableError(error.code);
  throw error;
}

await worker.waitUntilReady();
console.log("worker ready");

process.once("SIGTERM", async () => {
  await worker.close();
  await evertoken.close();
});
