import { expect, test } from "vitest";
import { Browser } from "../support/browser.ts";
import { closedPort } from "../support/closed-port.ts";
import { goodMetadata, startMetadataServer } from "../support/metadata-server.ts";
import type { Env } from "../support/rig.ts";
import { startTokenServer } from "../support/token-server.ts";
import { type Api, startApi } from "./api-harness.ts";

const returnUrl = "https://app.example/done";

/** An honest provider of the settings (`acme`), and one (`evil`) that somebody has added, who runs its server. */
async function startBoth(env: Env = {}, evil: object = {}) {
  const [honest, foreign] = [await startTokenServer({ marker: "canary" }), await startTokenServer()];
  const publicUrl = `http://127.0.0.1:${await closedPort()}`;
  const settings = { ACME_AUTHORIZE_URL: honest.authorizeUrl, ACME_SCOPES: "profile", PUBLIC_URL: publicUrl };
  const lists = { RETURN_URL_ALLOWLIST: "https://app.example" };
  const api = await startApi(
    { server: honest, env: { ...settings, ...lists, ...env } },
    { API_PORT: new URL(publicUrl).port },
  );
  const endpoints = { token_url: foreign.tokenUrl, authorize_url: foreign.authorizeUrl };
  const body = { id: "evil", client_id: "client", client_secret: "secret", ...endpoints, ...evil };
  const added = await api.ask("POST /v1/providers", { body });
  expect(added.status, added.text).toBe(201);
  return { api, honest, foreign, publicUrl };
}

async function begin(api: Api, provider: string, more: object = {}) {
  const body = { user_id: "victim", provider, return_url: returnUrl, confirm: true, ...more };
  return api.ask("POST /v1/connect/authorize", { body });
}

/** The victim wants to connect the one, whose server sends the browser on to the honest one, with the state of this flow. */
async function misled({ api, honest }: Awaited<ReturnType<typeof startBoth>>) {
  const victim = new Browser();
  const asked = (await victim.get((await begin(api, "evil")).body.url)).location as URL;
  const page = new URL(honest.authorizeUrl);
  for (const [name, value] of asked.searchParams) page.searchParams.set(name, value);
  const { searchParams } = (await victim.get(page)).location as URL;
  return { victim, state: searchParams.get("state") ?? "", code: searchParams.get("code") ?? "" };
}

const errorAt = async (browser: Browser, address: string, query: Record<string, string>) =>
  (await browser.get(`${address}?${new URLSearchParams(query)}`)).location?.searchParams.get("error");

test("the code of an honest server, brought by the flow of another, goes to nobody", async () => {
  const both = await startBoth();
  const own = `${both.publicUrl}/connect/callback`;
  const first = await misled(both);
  // Honest servers answer at the addresses that were registered with them.
  expect(await errorAt(first.victim, `${own}/acme`, { state: first.state, code: first.code })).toBe(
    "redirect_uri_mismatch",
  );
  const second = await misled(both);
  expect(await errorAt(second.victim, own, { state: second.state, code: second.code })).toBe("redirect_uri_mismatch");
  const third = await misled(both);
  const iss = new URL(both.honest.url).origin;
  expect(await errorAt(third.victim, `${own}/evil`, { state: third.state, code: third.code, iss })).toBe(
    "issuer_mismatch",
  );
  for (const wrong of ["", "not an address"]) {
    const { victim, state, code } = await misled(both);
    expect(await errorAt(victim, `${own}/evil`, { state, code, iss: wrong })).toBe("issuer_mismatch");
  }
  expect([(await both.foreign.summary()).requests, (await both.honest.summary()).requests]).toEqual([0, 0]);
  expect((await both.api.rig.pool.query("SELECT FROM connections")).rowCount).toBe(0);
});

test("an answer without `iss` is not taken from a server that says that it always sends one", async () => {
  const issuer = await startMetadataServer();
  const server = await startTokenServer();
  issuer.answer = (_, at) => ({
    body: {
      ...{ ...goodMetadata(at), authorization_response_iss_parameter_supported: true },
      ...{ token_endpoint: server.tokenUrl, authorization_endpoint: server.authorizeUrl },
    },
  });
  const stated = { issuer: issuer.issuer, token_url: undefined, authorize_url: undefined };
  const { api, publicUrl } = await startBoth({}, stated);
  expect((await api.ask("GET /v1/providers/evil")).body.definition.iss).toEqual({
    issuer: issuer.issuer,
    always: true,
  });
  const told = async (more: Record<string, string>) => {
    const browser = new Browser();
    const page = (await browser.get((await begin(api, "evil")).body.url)).location as URL;
    const { searchParams } = (await browser.get(page)).location as URL;
    const query = { state: searchParams.get("state") ?? "", code: searchParams.get("code") ?? "", ...more };
    return errorAt(browser, `${publicUrl}/connect/callback/evil`, query);
  };
  expect(await told({})).toBe("issuer_mismatch");
  expect(await told({ iss: `${issuer.issuer}/` })).toBe("issuer_mismatch");
  expect(await told({ error: "access_denied" })).toBe("issuer_mismatch");
  expect((await server.summary()).requests).toBe(0);
  expect(await told({ iss: issuer.issuer })).not.toBe("issuer_mismatch");
});

test("a provider that was added over the API has a redirect URI of its own, whatever the others share", async () => {
  const { api, publicUrl } = await startBoth({ CONNECT_SHARED_CALLBACK: "true" });
  const redirectOf = async (provider: string) => {
    const page = (await new Browser().get((await begin(api, provider)).body.url)).location as URL;
    return page.searchParams.get("redirect_uri");
  };
  expect(await redirectOf("acme")).toBe(`${publicUrl}/v1/connect/callback`);
  expect(await redirectOf("evil")).toBe(`${publicUrl}/connect/callback/evil`);
  for (const redirect_uri of [`${publicUrl}/connect/callback`, "https://app.example/callback"]) {
    const refused = await begin(api, "evil", { redirect_uri });
    expect(refused.body, refused.text).toMatchObject({ status: 400, code: "invalid_input" });
    expect(refused.body.detail).toContain("/evil");
    expect((await begin(api, "acme", { redirect_uri })).status).toBe(200);
  }
  const open = { state: (await begin(api, "evil", { redirect_uri: `${returnUrl}/evil` })).body.state, code: "x" };
  // Where the app completes it, it has to say where the answer came to.
  const { body } = await api.ask("POST /v1/connect/complete", { body: open });
  expect(body).toMatchObject({ kind: "refused", code: "redirect_uri_mismatch" });
});
