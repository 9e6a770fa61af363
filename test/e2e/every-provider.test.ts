import { catalogue, type Provider } from "@evertoken/providers";
import { beforeAll, describe, expect, it } from "vitest";
import { clientSecret, credentials, documentedRefreshes } from "../contract/documented-refreshes.ts";
import { exampleMetadata } from "../contract/provider-cases.ts";
import type { AppProcess } from "../support/app-process.ts";
import { createRig, type Rig, until } from "../support/rig.ts";
import { type Received, refreshed, sampleOf, startCatalogueServer, tokenFor, type Wanted } from "./catalogue-server.ts";

// One worker for all providers. Each connection comes due by itself, within a second or two of being imported.
let rig: Rig;
let worker: AppProcess;
let received: Received[];
const ids = new Map<string, string>();

async function connect(provider: Provider, wanted: Wanted): Promise<string> {
  const token = tokenFor(wanted, provider);
  const spends = provider.policy.spends === "access_token";
  const { id } = await rig.client.connections.import({
    userId: token,
    provider: provider.id,
    accessToken: spends ? token : `access.${token}`,
    refreshToken: spends ? null : token,
    expiresIn: 1,
    metadata: exampleMetadata(provider),
  });
  ids.set(token, id);
  return id;
}

/** Waits until each of them has been answered, and gives the first answer's log row. */
async function firstAnswers(wanted: Wanted, providers: readonly Provider[]) {
  await Promise.all(providers.map((provider) => connect(provider, wanted)));
  for (const provider of providers) {
    const id = idOf(provider, wanted);
    await until(`${provider.id} is answered`, async () => (await rig.log(id)).length > 0, 20_000);
  }
}

function idOf(provider: Provider, wanted: Wanted): string {
  return ids.get(tokenFor(wanted, provider)) ?? "";
}

const having = (wanted: Wanted) => refreshed.filter((provider) => sampleOf(provider, wanted) !== undefined);
const named = (providers: readonly Provider[]) => providers.map((provider) => [provider.id, provider] as const);

beforeAll(async () => {
  const server = await startCatalogueServer();
  received = server.received;
  rig = await createRig({ env: server.env });
  worker = await rig.start("worker");
  await firstAnswers("granted", having("granted"));
  await firstAnswers("denied", having("denied"));
  // Last, because from here on the providers' circuits are open.
  await firstAnswers("misconfigured", having("misconfigured"));
});

it("every provider that refreshes has a granted answer", () => {
  expect(having("granted")).toHaveLength(refreshed.length);
  expect(refreshed.length).toBeGreaterThanOrEqual(50);
  expect(catalogue.length).toBeGreaterThan(refreshed.length);
});

describe.each(named(having("granted")))("%s", (id, provider) => {
  it("is sent the documented request, once, with the token that is spent", () => {
    const token = tokenFor("granted", provider);
    const requests = received.filter((one) => one.token === token && one.id === id);
    expect(requests).toHaveLength(1);
    const documented = documentedRefreshes[id]?.(token);
    if (documented === undefined) throw new Error(`nothing is documented for ${id}`);
    const { headers: extra, ...expected } = documented;
    expect(requests[0]?.request).toEqual({ ...expected, credentials: credentials[expected.authorization] });
    expect(requests[0]?.headers).toMatchObject({ accept: "application/json", ...extra });
    expect(requests[0]?.headers["user-agent"]).toMatch(/^evertoken\//);
  });

  it("has its granted tokens stored and served", async () => {
    const connection = idOf(provider, "granted");
    const sample = sampleOf(provider, "granted");
    // Fetching child tokens (Pages) wants a fresh token as well, and may be first to ask for it.
    const trigger = provider.derived === null ? "scheduled" : expect.stringMatching(/^(scheduled|on_demand)$/);
    expect(await rig.log(connection)).toMatchObject([{ outcome: "granted", trigger, success: true }]);
    expect(await rig.row(connection)).toMatchObject({ status: "connected", generation: 2, last_error_code: null });
    const { accessToken } = await rig.client.getAccessToken(connection);
    expect(JSON.stringify(sample?.body)).toContain(JSON.stringify(accessToken));
    expect(accessToken).not.toContain("granted.");
  });
});

describe.each(named(having("denied")))("%s", (_, provider) => {
  it("asks for a new consent after its dead grant's answer", async () => {
    const connection = idOf(provider, "denied");
    expect(await rig.log(connection)).toMatchObject([{ outcome: "denied", success: false }]);
    expect(await rig.row(connection)).toMatchObject({
      status: "needs_reauth",
      generation: 1,
      last_error_code: "refresh_token_expired",
      next_refresh_at: null,
    });
  });
});

describe.each(named(having("misconfigured")))("%s", (id, provider) => {
  it("marks nobody after its wrong client's answer, and opens its circuit", async () => {
    const connection = idOf(provider, "misconfigured");
    expect((await rig.log(connection))[0]).toMatchObject({ outcome: "misconfigured", success: false });
    expect(await rig.row(connection)).toMatchObject({
      status: "connected",
      generation: 1,
      last_error_code: null,
      consecutive_failures: 0,
    });
    const states = await rig.pool.query("SELECT open FROM circuits WHERE provider = $1", [id]);
    expect(states.rows).toEqual([{ open: true }]);
  });
});

it("no token and no secret is in anything that the worker printed", () => {
  const sent = new Set(received.map(({ token }) => token));
  expect(sent.size).toBeGreaterThan(2 * refreshed.length);
  // Not toContain: its failure would print megabytes.
  expect([...sent, clientSecret].filter((secret) => worker.output().includes(secret))).toEqual([]);
});
