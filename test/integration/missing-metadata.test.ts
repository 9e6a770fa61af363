import { expect, test } from "vitest";
import { returnUrl } from "../support/connect-rig.ts";
import { attempts, comesDue, patch } from "../support/drive.ts";
import { type Connected, createRig, hasty, type Rig } from "../support/rig.ts";
import { startTokenServer } from "../support/token-server.ts";

/** A provider whose host holds the shop, of which the token server plays every one. */
async function rigOfShops(): Promise<Rig> {
  const server = await startTokenServer();
  const definition = {
    ...{ id: "shops", name: "Shops", docs: "https://shops.example/docs", clientAuth: "basic" },
    authorizeUrl: "https://{shop}.shops.example/authorize",
    // Where there is one server for all shops, what follows the '#' stays at home.
    tokenUrl: `${server.tokenUrl}#{shop}`,
    placeholders: { shop: { pattern: "[a-z][a-z0-9-]*", example: "blue-shoes" } },
    policy: { lifetimeSeconds: 1800, rotation: { kind: "single_use" } },
  };
  return createRig({
    server,
    provider: "shops",
    env: { ...hasty, ...settings },
    files: { EVERTOKEN_PROVIDERS_FILE: JSON.stringify([definition]) },
  });
}

const settings = {
  ...{ EVERTOKEN_GENERIC_PROVIDERS: "", SHOPS_TOKEN_URL: "", SHOPS_REVOKE_URL: "", SHOPS_IDENTITY_URL: "" },
  RETURN_URL_ALLOWLIST: "https://app.example",
};

test("accounts whose shop is not known stand still by themselves, whatever their number", async () => {
  const rig = await rigOfShops();
  await rig.start("worker");
  const connect = () => rig.connect({ provider: "shops", metadata: { shop: "blue-shoes" } });
  const bad: Connected[] = [];
  for (let count = 0; count < 6; count++) bad.push(await connect());
  const good = [await connect(), await connect()];
  await Promise.all(bad.slice(0, 4).map(({ id }) => patch(rig, id, "metadata = '{}'")));
  await Promise.all(bad.slice(4).map(({ id }) => patch(rig, id, `metadata = '{"shop": "evil.example/"}'`)));
  for (const { id } of bad) await comesDue(rig, id);
  for (const { id } of bad) {
    const [attempt] = await attempts(rig, id, 1);
    expect(attempt).toMatchObject({ outcome: "unaddressable", error_code: "missing_metadata", http_status: null });
    expect(attempt?.message).toMatch(/^metadata\.shop: /);
    expect(attempt?.message).not.toContain("evil");
    expect(await rig.row(id)).toMatchObject({ status: "error", last_error_code: "missing_metadata" });
  }
  for (const { id } of good) {
    await comesDue(rig, id);
    await attempts(rig, id, 1);
    expect(await rig.row(id)).toMatchObject({ status: "connected", generation: 2 });
  }
  expect((await rig.pool.query("SELECT * FROM circuits WHERE open")).rows).toEqual([]);
  expect(await rig.server.summary()).toMatchObject({ requests: 2, granted: 2 });

  await patch(rig, bad[0]?.id ?? "", `metadata = '{"shop": "blue-shoes"}'`);
  await comesDue(rig, bad[0]?.id ?? "");
  await attempts(rig, bad[0]?.id ?? "", 2);
  expect(await rig.row(bad[0]?.id ?? "")).toMatchObject({ status: "connected", generation: 2, last_error_code: null });
});

test("an account that could not be refreshed is not brought in, and the field is named", async () => {
  const rig = await rigOfShops();
  const bring = (metadata?: Record<string, string>, more = {}) =>
    rig.client.connections.import({
      ...{ userId: "u", provider: "shops", accessToken: "a", refreshToken: "r", ...more },
      ...(metadata === undefined ? {} : { metadata }),
    });
  for (const metadata of [undefined, {}, { host: "x" }]) {
    await expect(bring(metadata)).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("metadata.shop: needed by shops, such as blue-shoes"),
    });
  }
  for (const shop of ["", "evil.example/", "BLUE", "a\nb"]) {
    await expect(bring({ shop })).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("metadata.shop: not allowed in an endpoint of shops"),
    });
  }
  expect(await rig.client.connections.list({})).toEqual([]);

  // Nothing to refresh: the shop is not asked for. Known already: what is stored counts.
  expect(await bring(undefined, { refreshToken: null, externalAccountId: "other" })).toMatchObject({ generation: 1 });
  const { id } = await bring({ shop: "blue-shoes" });
  expect(await bring(undefined, { accessToken: "b", refreshToken: "s" })).toMatchObject({ id });
});

test("a consent is not asked for where the account could not be refreshed afterwards", async () => {
  const rig = await rigOfShops();
  const ask = (metadata: Record<string, string>) =>
    rig.client.connect.authorize({
      userId: "u",
      provider: "shops",
      returnUrl,
      redirectUri: returnUrl,
      confirm: true,
      metadata,
    });
  const refused = { code: "invalid_input", message: expect.stringContaining("metadata.shop: ") };
  await expect(ask({})).rejects.toMatchObject(refused);
  await expect(ask({ shop: "evil.example/" })).rejects.toMatchObject(refused);
  expect((await ask({ shop: "blue-shoes" })).url).toMatch(/^https:\/\/blue-shoes\.shops\.example\/authorize\?/);
});
