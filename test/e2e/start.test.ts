import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { createEvertoken } from "@evertoken/engine";
import { beforeAll, expect, test } from "vitest";
import { connectInBrowser } from "./connect-in-browser.ts";
import { askEvertoken } from "./evertoken-command.ts";
import { descendants, home, isRunning, type Started, start } from "./start-harness.ts";

const readyMs = 100_000;
const firstRefreshMs = 120_000;
/** Due at half their life, so that the file need not wait a minute; long enough to be read without a refresh. */
const tokens = { DEMO_ACCESS_TOKEN_TTL_SECONDS: "80" };

let cwd: string;
let running: Started;
let grantedBefore: number;
let apiKey: string;
let connections: { id: string; userId: string; displayName: string }[];
beforeAll(async () => {
  cwd = await home();
  running = start(cwd, ["--accounts", "3"], tokens);
});

const isReady = ({ event }: { event: string }) => event === "ready";

const ready = () => running.events.find(isReady);

async function record() {
  return (await fetch(`${ready()?.demoIssuer}/demo/record`)).json() as Promise<
    { granted: number } & Record<string, unknown>
  >;
}

const keptSettings = () => parseEnv(readFileSync(join(cwd, ".evertoken", "env"), "utf8"));

/** The account that a token is for, as its authorization server says. */
async function ownerOf(accessToken: string): Promise<string> {
  const answer = await fetch(`${ready()?.demoIssuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } });
  return ((await answer.json()) as { sub: string }).sub;
}

/** A token over HTTP, with the key that stands in the file. */
async function readToken(path: string, key = keptSettings().EVERTOKEN_API_KEY ?? "") {
  const answer = await fetch(`${ready()?.api.url}/v1/${path}/token`, { headers: { authorization: `Bearer ${key}` } });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

/** Everything that was written down, but for the databases. */
function allOutput(): string {
  const logs = join(cwd, ".evertoken", "logs");
  return (
    running.output() +
    readdirSync(logs)
      .map((name) => readFileSync(join(logs, name), "utf8"))
      .join("")
  );
}

test(
  "everything is up, with a login, logs and connected accounts",
  async () => {
    const ready = await running.seen(isReady, readyMs);
    const names = ready.services.map(({ name }: { name: string }) => name);
    expect(names).toEqual(["Postgres", "Redis", "demo", "worker", "scheduler", "dashboard", "api"]);
    expect(ready.login).toMatchObject({ user: "operator", password: expect.stringMatching(/^.{16,}$/) });
    expect(ready.accounts).toMatchObject({ connected: 3, known: 0 });
    expect(Date.parse(ready.accounts.firstRefreshAt) - Date.now()).toBeLessThan(firstRefreshMs);
    expect(statSync(join(cwd, ".evertoken", "env")).mode & 0o777).toBe(0o600);
    for (const { where } of ready.services.slice(-2)) expect((await fetch(`${where}/readyz`)).status).toBe(200);
  },
  readyMs,
);

test("the API gives a valid token for the key that is kept, and shows what it can do", async () => {
  apiKey = keptSettings().EVERTOKEN_API_KEY ?? "";
  const { status, body } = await readToken("users/demo-2/providers/demo");
  expect(status).toBe(200);
  expect(await ownerOf(body.access_token ?? "")).toBe("demo-2");
  expect((await readToken("users/demo-2/providers/demo", `${apiKey}x`)).status).toBe(401);
  expect(ready()?.api).toMatchObject({ keyIn: join(".evertoken", "env") });
  expect((await fetch(ready()?.api.docsUrl)).status).toBe(200);
});

test("the printed link leads to the connect page, where a person connects an account of the demo", async () => {
  const { page, outcome, after } = await connectInBrowser(ready()?.accounts.connectUrl, "ada");
  expect(page.status).toBe(200);
  expect(page.html).toContain('aria-label="Connect Demo"');
  expect(page.html).not.toContain("ada");
  expect(outcome).toMatchObject({ status: "connected", provider: "demo" });
  expect(after.html).toContain("ada");
  const { body } = await readToken(`connections/${outcome.connection_id}`);
  expect(await ownerOf(body.access_token ?? "")).toBe("ada");
});

test("the other commands find it from its directory", async () => {
  const { code, answer } = await askEvertoken(["connections", "list"], { cwd });
  expect(code).toBe(0);
  connections = answer;
  const accounts = connections.map(({ userId, displayName }) => `${userId}: ${displayName}`).sort();
  expect(accounts).toEqual(["demo-1: ada", "demo-1: demo-1", "demo-2: demo-2", "demo-3: demo-3"]);
  expect(await askEvertoken(["doctor"], { cwd })).toMatchObject({ code: 0, answer: { healthy: true } });
});

test("a second start in the same directory says who runs there", async () => {
  const second = start(cwd, []);
  expect(await second.ended()).toBe(1);
  expect(second.output()).toContain(`evertoken runs here already, as process ${running.child.pid}`);
});

test(
  "every account is refreshed by its schedule within two minutes, each refresh token is presented once",
  async () => {
    for (const { id } of connections) {
      await running.seen(
        ({ event, ...facts }) => event === "refresh" && facts.connection === id && facts.trigger === "scheduled",
        firstRefreshMs,
      );
    }
    const refreshes = running.events.filter(({ event }) => event === "refresh");
    for (const refresh of refreshes) expect(refresh).toMatchObject({ outcome: "granted" });
    expect(await record()).toMatchObject({ refused: 0, presentedMoreThanOnce: 0 });
    expect((await record()).granted).toBeGreaterThanOrEqual(3);
  },
  firstRefreshMs,
);

test("no token, and no key, is in the terminal or in a log", async () => {
  expect(apiKey.length).toBeGreaterThan(32);
  expect(allOutput()).not.toContain(apiKey);
  const client = createEvertoken({ settings: keptSettings() });
  for (const { id } of connections) {
    const { accessToken } = await client.getAccessToken(id);
    expect(accessToken.length).toBeGreaterThan(20);
    expect(allOutput()).not.toContain(accessToken);
  }
  await client.close();
});

test("an app and a database that are killed come back", async () => {
  const pid = running.child.pid ?? 0;
  const find = (part: string) => descendants(pid).find(({ command }) => command.includes(part))?.pid ?? 0;
  const killed = ["scheduler", "api"];
  for (const app of killed) process.kill(find(`apps/${app}/`), "SIGKILL");
  for (const app of killed) {
    await running.seen(({ event, name }) => event === "restarted" && name === app, 30_000);
  }
  process.kill(find("redis-server"), "SIGKILL");
  await running.seen(({ event, name }) => event === "restarted" && name === "Redis", 30_000);
  await askEvertoken(["schedule-now", connections[0]?.id ?? ""], { cwd });
  await running.seen(({ event, trigger }) => event === "refresh" && trigger === "manual", 30_000);
});

test("Ctrl-C, even twice at once, stops all in order and leaves nothing behind", async () => {
  grantedBefore = (await record()).granted;
  const pids = descendants(running.child.pid ?? 0).map(({ pid }) => pid);
  expect(pids.length).toBeGreaterThanOrEqual(7);
  running.child.kill("SIGINT");
  running.child.kill("SIGINT");
  expect(await running.ended()).toBe(0);
  expect(running.events.at(-1)?.event).toBe("stopped");
  expect(pids.filter(isRunning)).toEqual([]);
});

test(
  "the next start finds the same connections and the same key, and goes on refreshing them",
  async () => {
    running = start(cwd, ["--accounts", "3"], { ...tokens, WORKER_PROCESSES: "2" });
    const ready = await running.seen(isReady, readyMs);
    expect(ready.accounts).toMatchObject({ connected: 0, known: 3 });
    const { answer } = await askEvertoken(["connections", "list"], { cwd });
    expect(answer.map(({ id }: { id: string }) => id).sort()).toEqual(connections.map(({ id }) => id).sort());
    for (const { id, displayName } of connections) {
      const { body } = await readToken(`connections/${id}`, apiKey);
      expect(await ownerOf(body.access_token ?? "")).toBe(displayName);
    }
    await askEvertoken(["schedule-now", connections[1]?.id ?? ""], { cwd });
    await running.seen(({ event, trigger }) => event === "refresh" && trigger === "manual", 30_000);
    expect((await record()).granted).toBeGreaterThan(grantedBefore);
    expect(await record()).toMatchObject({ refused: 0, presentedMoreThanOnce: 0 });
  },
  readyMs + 30_000,
);

test(
  "killed without a chance to stop: the apps end by themselves, the next start cleans up",
  async () => {
    const apps = descendants(running.child.pid ?? 0).filter(({ command }) => command.includes("/apps/"));
    // Five, and the two processes of the worker.
    expect(apps).toHaveLength(7);
    running.child.kill("SIGKILL");
    await running.ended();
    await expect.poll(() => apps.filter(({ pid }) => isRunning(pid)), { timeout: 30_000 }).toEqual([]);
    running = start(cwd, ["--no-demo"]);
    const ready = await running.seen(isReady, readyMs);
    expect(ready.services.map(({ name }: { name: string }) => name)).not.toContain("demo");
  },
  readyMs + 30_000,
);

test("a second Ctrl-C does not wait for an app that hangs", async () => {
  const all = descendants(running.child.pid ?? 0);
  const worker = all.find(({ command }) => command.includes("apps/worker"))?.pid ?? 0;
  process.kill(worker, "SIGSTOP");
  running.child.kill("SIGINT");
  await expect.poll(() => descendants(running.child.pid ?? 0).length, { timeout: 10_000 }).toBeLessThan(all.length);
  // Signals within a second count as one: a terminal, npm and a shell may each pass on the same Ctrl-C.
  const again = setInterval(() => running.child.kill("SIGINT"), 300);
  expect(await running.ended()).toBe(130);
  clearInterval(again);
  await expect.poll(() => all.filter(({ pid }) => isRunning(pid)), { timeout: 10_000 }).toEqual([]);
});
