import { randomBytes } from "node:crypto";
import { createEvertoken } from "@evertoken/engine";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import type { AppProcess } from "../support/app-process.ts";
import { attempts, comesDue, patch, runTask } from "../support/drive.ts";
import {
  errorText,
  findSecrets,
  type Haystack,
  httpHaystack,
  postgresHaystack,
  redisHaystack,
} from "../support/haystack.ts";
import { createRig, hasty, type Rig } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import type { Behaviour } from "../support/token-server.ts";

const random = () => randomBytes(8).toString("hex");

interface Planted {
  readonly rig: Rig;
  readonly clientSecret: string;
  /** The beginning of every token that the server issues. */
  readonly marker: string;
}

async function plant(env: Record<string, string> = {}): Promise<Planted> {
  const [marker, clientSecret] = [`canary${random()}`, `canarysecret${random()}`];
  const rig = await createRig({
    server: { marker, client: { id: "client", secret: clientSecret } },
    env: {
      ...hasty,
      LOG_LEVEL: "trace",
      ACME_CLIENT_SECRET: clientSecret,
      CIRCUIT_PROBE_MS: "500",
      REQUEST_TIMEOUT_MS: "700",
      ...env,
    },
  });
  return { rig, marker, clientSecret };
}

async function collect({ rig }: Planted, processes: AppProcess[], errors: unknown[]): Promise<Haystack> {
  const redis = new Redis(rig.env.REDIS_URL as string);
  const parts = await Promise.all([
    redisHaystack(redis),
    postgresHaystack(rig.pool),
    ...processes.map((each, i) => httpHaystack(`process ${i}`, each.port)),
  ]);
  redis.disconnect();
  return new Map([
    ...parts.flatMap((part) => [...part]),
    ["client log", rig.clientOutput()] as const,
    ...processes.map((each, i) => [`output of process ${i}`, each.output()] as const),
    ...errors.map((error, i) => [`error ${i}`, errorText(error)] as const),
  ]);
}

/** What providers do with what we sent them. */
function echoes(refreshToken: string, clientSecret: string): Record<string, Behaviour> {
  const json = { "content-type": "application/json" };
  const said = `token ${refreshToken} of secret ${clientSecret} is not good`;
  const lie = (status: number, body: unknown, headers: Record<string, string> = json): Behaviour => ({
    ...{ kind: "lie", status, headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return {
    granted: { kind: "honest" },
    denied: lie(400, { error: "invalid_grant", error_description: said }),
    transient: lie(503, { error: "temporarily_unavailable", error_description: said }),
    "transient with a bare body": lie(500, said, { "content-type": "text/plain" }),
    "transient page": lie(502, `<html><title>${said}</title><body>${said}</body></html>`, {
      "content-type": "text/html",
    }),
    throttled: lie(
      429,
      { error: "rate_limited", message: said },
      { ...json, "retry-after": "1", "x-echo": refreshToken },
    ),
    unknown: lie(418, { error: refreshToken, message: clientSecret }),
    "unknown with an encoded token": lie(409, { error: "odd", error_description: encodeURIComponent(said) }),
    "uncertain page": lie(200, `<html><title>${said}</title></html>`, { "content-type": "text/html" }),
    "answer cut off": { kind: "cut_mid_body" },
    "answer that never comes": { kind: "hang" },
    redirected: lie(302, "", { location: `/elsewhere?refresh_token=${refreshToken}&client_secret=${clientSecret}` }),
    "misconfigured, at last": lie(401, { error: "invalid_client", error_description: said }),
  };
}

test("no token and no client secret anywhere but where they belong, whatever a provider answers", {
  timeout: 90_000,
}, async () => {
  const planted = await plant();
  const { rig, marker, clientSecret } = planted;
  const processes = [await rig.start("worker"), await rig.start("scheduler")];
  const errors: unknown[] = [];
  const tokens: string[] = [];
  const note = (task: Promise<unknown>) => task.catch((error) => errors.push(error));

  const broken = await rig.connect();
  await patch(
    rig,
    broken.id,
    "refresh_token = 'v1.nonsense', access_token = overlay(access_token placing 'AAAA' from 40)",
  );
  await note(rig.client.getAccessToken(broken.id));
  await note(rig.client.refresh(broken.id));

  for (const name of Object.keys(echoes("", ""))) {
    const [scheduled, inline] = [await rig.connect(), await rig.connect()];
    for (const each of [scheduled, inline]) {
      tokens.push(each.accessToken, each.refreshToken);
      const behaviour = echoes(each.refreshToken, clientSecret)[name] as Behaviour;
      await rig.server.behave(behaviour, { family: each.family });
    }
    await patch(rig, inline.id, "expires_at = now()");
    await comesDue(rig, scheduled.id);
    await note(rig.client.getAccessToken(inline.id));
    await note(rig.client.refresh(inline.id));
    const served = await rig.client.getAccessToken(scheduled.id, { minTtlSeconds: 3600 });
    errors.push(JSON.stringify(served.warning));
    await note(rig.client.withAccessToken(inline.id, async () => ({ status: 401 })));
    await attempts(rig, scheduled.id, 1);
    await rig.client.tokenStatus(inline.id);
  }
  await note(
    rig.client.connections.import({
      userId: "u",
      provider: "acme",
      accessToken: tokens[0] ?? "",
      expiresAt: tokens[0] ?? "",
    }),
  );
  await note(rig.client.connections.import({ userId: "u", provider: "nobody", accessToken: tokens[0] ?? "" }));
  await note(Promise.resolve().then(() => createEvertoken({ settings: { ...rig.env, DATABASE_URL: clientSecret } })));
  await note(rig.start("worker", { ENCRYPTION_KEY: "not a key", ACME_CLIENT_SECRET_FILE: "/nowhere" }));
  await runTask(rig, "reconcile");
  await runTask(rig, "sweep");

  const outcomes = new Set(
    (await rig.pool.query("SELECT outcome FROM token_refresh_log")).rows.map(({ outcome }) => outcome),
  );
  expect([...outcomes].sort()).toEqual(
    ["denied", "granted", "misconfigured", "throttled", "transient", "uncertain", "unknown", "unreadable"].sort(),
  );
  expect(errors.length).toBeGreaterThan(10);
  const haystack = await collect(planted, processes, errors);
  // Parts of a token without its beginning count as well.
  const parts = tokens.flatMap((token) => (token.split(".").at(-1) as string).match(/^.{12}/) ?? []);
  expect(findSecrets(haystack, [marker, clientSecret, rig.env.ENCRYPTION_KEY as string, ...parts])).toEqual([]);
});

test("the search finds what is planted, in every place and form", async () => {
  const planted = await plant();
  const { rig, marker } = planted;
  const worker = await rig.start("worker");
  const { id, refreshToken } = await rig.connect();
  const redis = new Redis(rig.env.REDIS_URL as string);
  onFileEnd(async () => redis.disconnect());
  const leaks: Record<string, () => Promise<unknown>> = {
    "redis .*job": () =>
      rig.queues.refreshQueue("acme").add("refresh", { token: refreshToken } as never, { jobId: "a-job" }),
    "redis zset": () => redis.zadd("zset", 1, refreshToken),
    "redis set": () => redis.sadd("set", refreshToken),
    "redis list": () => redis.rpush("list", Buffer.from(`x${refreshToken}`).toString("base64")),
    "redis stream": () => redis.xadd("stream", "*", "field", Buffer.from(refreshToken).toString("hex")),
    "redis string": () => redis.set("string", Buffer.from(`xy${refreshToken}`).toString("base64url")),
    "postgres public.outbox": () =>
      rig.pool.query("UPDATE outbox SET payload = jsonb_build_object('deep', jsonb_build_array($1::text))", [
        refreshToken,
      ]),
    "postgres public.connections": () => patch(rig, id, "access_token = $2", [refreshToken]),
    "error 0": async () => {},
  };
  for (const leak of Object.values(leaks)) await leak();
  const error = new Error("outer", { cause: Object.assign(new Error("inner"), { body: refreshToken }) });
  const found = findSecrets(await collect(planted, [worker], [error]), [marker]);
  for (const place of Object.keys(leaks)) expect(found).toContainEqual(expect.stringMatching(new RegExp(`^${place}`)));
  expect(found.filter((place) => place.startsWith("process") || place.startsWith("output"))).toEqual([]);
});
