import { randomBytes } from "node:crypto";
import { createKeyring } from "@evertoken/adapters";
import { createEvertoken } from "@evertoken/engine";
import { openFlow } from "@evertoken/engine/internal";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import type { AppProcess } from "../support/app-process.ts";
import { Browser, formOf } from "../support/browser.ts";
import { closedPort } from "../support/closed-port.ts";
import { attempts, comesDue, patch, runTask } from "../support/drive.ts";
import { addEndpoint, promptly } from "../support/events.ts";
import {
  errorText,
  filesHaystack,
  findSecrets,
  type Haystack,
  httpHaystack,
  postgresHaystack,
  redisHaystack,
} from "../support/haystack.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRig, hasty, type Rig, until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { startSmtpServer } from "../support/smtp-server.ts";
import { startTokenServer } from "../support/token-server.ts";
import { echoes } from "./canary-echoes.ts";

/**
 * What may be found where, by the beginning of the place. Whatever is not stated is found nowhere: no token, client secret, encryption
 * key, code, verifier, state, API key, password or signing secret.
 */
const belongs: Readonly<Record<string, readonly string[]>> = {
  // The app's own id of its user: its own answers, its own webhooks, and the people who run it.
  "user id": [
    ...[
      "postgres public.connections",
      "postgres public.connection_terms",
      "postgres public.outbox",
      "postgres public.oauth_states",
      "postgres public.connect_sessions",
    ],
    ...["api /v1/connections", "dashboard /connections", "webhook", "command connections", "command log"],
  ],
  // For "please reconnect".
  mail: ["postgres public.connections ", "postgres public.oauth_states", "mail to"],
  // Shown to the user's own browser, which takes it to the app.
  state: ["browser"],
  code: ["browser"],
  // The browser's own, which nobody else is shown.
  session: ["browser"],
  link: ["browser"],
};

const random = () => randomBytes(8).toString("hex");

interface Planted {
  readonly rig: Rig;
  /** By what they are. */
  readonly canaries: Map<string, string[]>;
  /** The beginning of every token that the server issues. */
  readonly marker: string;
  readonly clientSecret: string;
  /** The same for all connections, so that a provider can repeat them. */
  readonly userId: string;
  readonly mail: string;
}

async function plant(env: Record<string, string> = {}): Promise<Planted> {
  const [marker, clientSecret] = [`canary${random()}`, `canarysecret${random()}`];
  const [userId, mail] = [`person${random()}`, `mail${random()}@example.com`];
  const server = await startTokenServer({ marker, client: { id: "client", secret: clientSecret } });
  const rig = await createRig({
    server,
    env: {
      ...hasty,
      LOG_LEVEL: "trace",
      ACME_CLIENT_SECRET: clientSecret,
      ACME_AUTHORIZE_URL: server.authorizeUrl,
      ACME_SCOPES: "profile",
      CIRCUIT_PROBE_MS: "500",
      REQUEST_TIMEOUT_MS: "700",
      DENIALS_TO_SUSPECT: "1000",
      ...env,
    },
  });
  const canaries = new Map([
    ["token", [marker]],
    ["client secret", [clientSecret]],
    ["encryption key", [rig.env.ENCRYPTION_KEY as string]],
    ["user id", [userId]],
    ["mail", [mail]],
  ]);
  return { rig, canaries, marker, clientSecret, userId, mail };
}

const note = (canaries: Map<string, string[]>, kind: string, value: string) =>
  canaries.set(kind, [...(canaries.get(kind) ?? []), value]);

async function collect({ rig }: Planted, processes: AppProcess[], errors: unknown[]): Promise<Haystack> {
  const redis = new Redis(rig.env.REDIS_URL as string);
  const parts = await Promise.all([
    redisHaystack(redis),
    postgresHaystack(rig.pool),
    filesHaystack("file", rig.env.SPOOL_DIR as string),
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

/** Each canary that stands where it does not belong. */
function misplaced(haystack: Haystack, canaries: ReadonlyMap<string, readonly string[]>): string[] {
  return [...canaries].flatMap(([kind, values]) => {
    const mayStand = (place: string) => (belongs[kind] ?? []).some((start) => place.startsWith(start));
    return findSecrets(haystack, values)
      .filter((place) => !mayStand(place))
      .map((place) => `${kind} in ${place}`);
  });
}

/** A flow over HTTP, as far as the provider lets it come. @returns what the browser brought to the app */
async function connectOverHttp(planted: Planted, apiUrl: string, adminKey: string, howAnswered: string | null) {
  const { rig, canaries, clientSecret, userId, mail } = planted;
  const headers = { authorization: `Bearer ${adminKey}`, "content-type": "application/json" };
  const post = async (path: string, body: object) =>
    (await fetch(`${apiUrl}${path}`, { method: "POST", headers, body: JSON.stringify(body) })).json();
  const flow = { user_id: userId, user_email: mail, provider: "acme", return_url: "https://app.example/done" };
  const begun = (await post("/v1/connect/authorize", { ...flow, confirm: true })) as { url: string; state: string };
  note(canaries, "state", begun.state);
  const browser = new Browser();
  const out = await browser.get(begun.url);
  const back = (await browser.get(out.location as URL)).location as URL;
  const code = back.searchParams.get("code") ?? "";
  note(canaries, "code", code);
  const { rows } = await rig.pool.query("SELECT * FROM oauth_states WHERE used_at IS NULL");
  const keyring = createKeyring([rig.env.ENCRYPTION_KEY as string]);
  const verifier = openFlow({ keyring }, rows[0])?.codeVerifier as string;
  note(canaries, "verifier", verifier);
  const behaviour =
    howAnswered === null ? null : echoes([code, verifier, begun.state, clientSecret, userId, mail])[howAnswered];
  if (behaviour != null) await rig.server.behave(behaviour, { next: 1 });
  const returned = await browser.get(back);
  const confirmation = returned.location?.searchParams.get("confirmation") ?? null;
  if (confirmation !== null) {
    note(canaries, "confirmation", confirmation);
    await post("/v1/connect/confirm", { confirmation, user_id: userId });
  }
  // The address itself is the browser's own business; what it says of a failure is not.
  return `${returned.text} ${returned.location?.href.replaceAll(/(confirmation|state)=[^&]*/g, "")}`;
}

/** A provider that is added over the API, whose requests carry a secret of its own: it repeats that and more. */
async function useStoredProvider({ rig, canaries, clientSecret, userId }: Planted, apiUrl: string, adminKey: string) {
  const value = `header${random()}`;
  note(canaries, "header", value);
  const definition = {
    ...{ name: "Mine", docs: "https://mine.example", tokenUrl: rig.server.tokenUrl },
    ...{ headers: { "x-api-key": value }, refresh: { parameters: { subscription: value } } },
    policy: { lifetimeSeconds: 3600 },
  };
  const answer = await fetch(`${apiUrl}/v1/providers`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    body: JSON.stringify({ id: "mine", definition, client_id: "client", client_secret: clientSecret }),
  });
  expect(answer.status).toBe(201);
  const connected = await rig.connect({ provider: "mine", userId });
  for (const name of ["denied", "in fields of its own", "transient page"]) {
    await rig.server.behave(echoes([value, clientSecret])[name] as never, { family: connected.family });
    await rig.client.refresh(connected.id).catch(() => {});
  }
  return `${await answer.text()}`;
}

/** A link that a browser opens: what the page shows of it, and what the browser keeps. */
async function openLink({ canaries, userId }: Planted, apiUrl: string, adminKey: string): Promise<string> {
  const made = await fetch(`${apiUrl}/v1/connect/links`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    body: JSON.stringify({ user_id: userId, user_name: "Ada" }),
  });
  const { url } = (await made.json()) as { url: string };
  const link = new URL(url).searchParams.get("link") ?? "";
  expect(link.length).toBeGreaterThan(100);
  note(canaries, "link", link);
  const browser = new Browser();
  const asked = await browser.get(url);
  const opened = await browser.post(`${apiUrl}/connect/open`, formOf(asked.text), new URL(apiUrl).origin);
  expect(opened.status, opened.text).toBe(303);
  for (const secret of Object.values(browser.cookies(new URL(`${apiUrl}/connect`)))) note(canaries, "session", secret);
  return (await browser.get(`${apiUrl}/connect`)).text;
}

test("no canary anywhere but where it belongs, whatever a provider answers", { timeout: 240_000 }, async () => {
  const [hook, smtp, publicPort, adminKey] = [
    await startReceiver(),
    await startSmtpServer(),
    await closedPort(),
    random() + random() + random(),
  ];
  const password = `pass${random()}word`;
  const planted = await plant({
    ...promptly,
    PUBLIC_URL: `http://127.0.0.1:${publicPort}`,
    RETURN_URL_ALLOWLIST: "https://app.example",
    EVERTOKEN_API_KEY: adminKey,
    DASHBOARD_PASSWORD: password,
    SMTP_URL: smtp.url,
    SMTP_FROM: "evertoken@example.com",
  });
  const { rig, canaries, clientSecret, userId, mail } = planted;
  for (const [kind, value] of Object.entries({ "API key": adminKey, password })) note(canaries, kind, value);
  const { secret } = await addEndpoint(rig, { target: hook.url });
  note(canaries, "signing secret", secret);
  const [worker, scheduler] = [await rig.start("worker"), await rig.start("scheduler")];
  const [api, dashboard] = [await rig.start("api", { API_PORT: String(publicPort) }), await rig.start("dashboard")];
  const processes = [worker, scheduler, api, dashboard];
  const errors: unknown[] = [];
  const seen: Haystack = new Map();
  const caught = (task: Promise<unknown>) => task.catch((error) => errors.push(error));

  const broken = await rig.connect({ userId, userEmail: mail });
  await patch(
    rig,
    broken.id,
    "refresh_token = 'v1.nonsense', access_token = overlay(access_token placing 'AAAA' from 40)",
  );
  await caught(rig.client.getAccessToken(broken.id));
  await caught(rig.client.refresh(broken.id));

  for (const name of Object.keys(echoes([]))) {
    const flow = await connectOverHttp(
      planted,
      `http://127.0.0.1:${api.port}`,
      adminKey,
      name === "granted" ? null : name,
    );
    seen.set(`return to the app, ${name}`, flow);
    const [scheduled, inline] = [
      await rig.connect({ userId, userEmail: mail }),
      await rig.connect({ userId, userEmail: mail }),
    ];
    for (const each of [scheduled, inline]) {
      // Parts of a token without its beginning count as well.
      for (const token of [each.accessToken, each.refreshToken]) {
        note(canaries, "token", (token.split(".").at(-1) as string).slice(0, 12));
      }
      const behaviour = echoes([each.refreshToken, clientSecret, userId, mail])[name];
      if (behaviour !== undefined) await rig.server.behave(behaviour, { family: each.family });
    }
    await patch(rig, inline.id, "expires_at = now()");
    await comesDue(rig, scheduled.id);
    await caught(rig.client.getAccessToken(inline.id));
    await caught(rig.client.refresh(inline.id));
    const served = await rig.client.getAccessToken(scheduled.id, { minTtlSeconds: 3600 });
    errors.push(JSON.stringify(served.warning));
    await caught(rig.client.withAccessToken(inline.id, async () => ({ status: 401 })));
    await attempts(rig, scheduled.id, 1);
    await rig.client.tokenStatus(inline.id);
  }
  const apiUrl = `http://127.0.0.1:${publicPort}`;
  seen.set("api /v1/providers, added", await useStoredProvider(planted, apiUrl, adminKey));
  seen.set("connect page", await openLink(planted, apiUrl, adminKey));
  const [token = ""] = canaries.get("token") ?? [];
  await caught(rig.client.connections.import({ userId, provider: "acme", accessToken: token, expiresAt: token }));
  await caught(rig.client.connections.import({ userId, provider: "nobody", accessToken: token }));
  await caught(rig.client.getAccessToken({ userId, provider: "nobody" }));
  await caught(Promise.resolve().then(() => createEvertoken({ settings: { ...rig.env, DATABASE_URL: clientSecret } })));
  await caught(rig.start("worker", { ENCRYPTION_KEY: "not a key", ACME_CLIENT_SECRET_FILE: "/nowhere" }));
  await runTask(rig, "reconcile");
  await runTask(rig, "sweep");

  const outcomes = new Set(
    (await rig.pool.query("SELECT outcome FROM token_refresh_log")).rows.map(({ outcome }) => outcome),
  );
  expect([...outcomes].sort()).toEqual(
    ["denied", "granted", "misconfigured", "throttled", "transient", "uncertain", "unknown", "unreadable"].sort(),
  );
  expect(errors.length).toBeGreaterThan(10);
  await until("a mail has come", async () => smtp.mails.length > 0);

  await readOverHttp(seen, planted, { api, dashboard, adminKey, password, id: broken.id });
  await readByCommand(seen, rig, broken.id);
  for (const [i, { body, headers }] of hook.received.entries())
    seen.set(`webhook ${i}`, body + JSON.stringify(headers));
  for (const [i, each] of smtp.mails.entries()) {
    seen.set(`mail to ${i}`, each.text);
  }
  const alive = await rig.connect({ userId });
  await rig.server.setClient(null);
  await rig.pool.query("DELETE FROM circuits");
  // What is noted stands in the journal until its file is full of what is done.
  const noted = await until("a journal is seen", async () => {
    await rig.client.refresh(alive.id);
    const files = await filesHaystack("file", rig.env.SPOOL_DIR as string);
    return [...files.keys()].some((place) => place.endsWith(".journal")) && files;
  });
  const haystack = new Map([...(await collect(planted, processes, errors)), ...noted, ...seen]);
  expect([...haystack.keys()].filter((place) => place.includes("copies"))).not.toEqual([]);
  expect(hook.received.length).toBeGreaterThan(10);
  expect(misplaced(haystack, canaries)).toEqual([]);
  // The table says no more than is true.
  for (const [kind, places] of Object.entries(belongs)) {
    if (places.includes("browser")) continue;
    const found = findSecrets(haystack, canaries.get(kind) ?? []);
    for (const place of places)
      expect(
        found.some((at) => at.startsWith(place)),
        `${kind} in ${place}`,
      ).toBe(true);
  }
});

/** All that the API and the dashboard show of it. */
async function readOverHttp(
  seen: Haystack,
  { rig, canaries, userId }: Planted,
  given: { api: AppProcess; dashboard: AppProcess; adminKey: string; password: string; id: string },
): Promise<void> {
  const { api, dashboard, adminKey, password, id } = given;
  const headers = { authorization: `Bearer ${adminKey}` };
  const read = async (path: string, status = 200) => {
    const answer = await fetch(`http://127.0.0.1:${api.port}/v1/${path}`, { headers });
    const text = await answer.text();
    expect([path, answer.status, text]).toEqual([path, status, text]);
    seen.set(`api /v1/${path}`, `${JSON.stringify([...answer.headers])} ${text}`);
    return JSON.parse(text);
  };
  const lists = ["connections", "audit", "providers", "providers/mine", "registrations", "api-keys", "status"];
  for (const path of lists) await read(path);
  await read(`users/${userId}/health`);
  const { data: webhooks } = await read("webhooks");
  for (const each of webhooks) await read(`webhooks/${each.id}/deliveries`);
  for (const part of ["", "/log", "/status", "/job"]) await read(`connections/${id}${part}`);
  await read(`connections/${id}/token`, 500);
  const board = `http://127.0.0.1:${dashboard.port}`;
  const browser = new Browser();
  const login = await browser.post(`${board}/login`, { name: "operator", password });
  expect(login.status, login.text).toBe(303);
  for (const secret of Object.values(browser.cookies(new URL(board)))) note(canaries, "session", secret);
  const queue = encodeURIComponent("refresh-acme");
  const { rows } = await rig.pool.query("SELECT id FROM connections");
  const pages = [
    "/",
    "/connections",
    "/providers",
    ...["/audit", "/audit.csv", "/account"],
    "/queues/api/queues",
    `/queues/api/queues?activeQueue=${queue}&status=latest`,
  ];
  for (const path of [...pages, ...rows.map(({ id }) => `/connections/${id}`)]) {
    const page = await browser.get(`${board}${path}`);
    expect([path, page.status]).toEqual([path, 200]);
    seen.set(`dashboard ${path}`, page.text);
  }
}

async function readByCommand(seen: Haystack, rig: Rig, id: string): Promise<void> {
  for (const command of [
    "connections list",
    `connections show ${id}`,
    `log ${id}`,
    "status",
    "doctor",
    "providers list",
    "providers show mine",
    "keys list",
    "users list",
    "audit",
    "audit --csv",
  ]) {
    for (const form of [[], ["--json"]]) {
      const { stdout, stderr } = await runInProcess([...command.split(" "), ...form], { env: rig.env });
      seen.set(`command ${command} ${form.join()}`, `${stdout} ${stderr}`);
    }
  }
}

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
    "redis pieces": () => redis.set("pieces", [...refreshToken].join(" ").toUpperCase()),
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
