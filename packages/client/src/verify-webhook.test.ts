import { createHmac, webcrypto } from "node:crypto";
import { expect, test } from "vitest";
import { verifyWebhook } from "./verify-webhook.ts";

const [secret, newer] = ["old-secret-of-24-bytes!!", "new-secret-of-24-bytes!!"].map(
  (text) => `whsec_${Buffer.from(text).toString("base64")}`,
) as [string, string];
const at = Date.UTC(2026, 10, 26);
const now = () => at;
const event = { id: "evt_1", type: "connection.created", timestamp: "2026-11-26T00:00:00.000Z", data: { userId: "ü" } };
const body = JSON.stringify(event);

function sign(by: string, { id = "evt_1", seconds = at / 1000, text = body } = {}) {
  const key = Buffer.from(by.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${seconds}.${text}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": String(seconds), "webhook-signature": `v1,${signature}` };
}

test("what we signed is taken: text or bytes, headers as a record or as Headers", async () => {
  const seen = { ...event, timestamp: new Date(event.timestamp) };
  const headers = sign(secret);
  expect(await verifyWebhook({ headers, body }, secret, { now })).toEqual(seen);
  expect(await verifyWebhook({ headers: new Headers(headers), body: Buffer.from(body) }, secret, { now })).toEqual(
    seen,
  );
  const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
  expect(await verifyWebhook({ headers: upper, body }, secret, { now, crypto: webcrypto as never })).toEqual(seen);
});

test("while a secret is replaced, both count, on either side", async () => {
  expect(await verifyWebhook({ headers: sign(newer), body }, [secret, newer], { now })).toMatchObject({ id: "evt_1" });
  const both = {
    ...sign(newer),
    "webhook-signature": `v1a,x ${sign(secret)["webhook-signature"]} ${sign(newer)["webhook-signature"]}`,
  };
  expect(await verifyWebhook({ headers: both, body }, newer, { now })).toMatchObject({ id: "evt_1" });
});

test.each([
  ["another secret", { headers: sign(newer), body }],
  ["a changed body", { headers: sign(secret), body: body.replace("evt_1", "evt_2") }],
  ["another id", { headers: { ...sign(secret), "webhook-id": "evt_2" }, body }],
  ["sent too long ago", { headers: sign(secret, { seconds: at / 1000 - 301 }), body }],
  ["sent in the future", { headers: sign(secret, { seconds: at / 1000 + 301 }), body }],
  ["no time", { headers: { ...sign(secret), "webhook-timestamp": "now" }, body }],
  ["no signature", { headers: { ...sign(secret), "webhook-signature": "" }, body }],
  ["a signature that is no base64", { headers: { ...sign(secret), "webhook-signature": "v1,%%%" }, body }],
  ["no headers", { headers: {}, body }],
  ["a body that is not JSON", { headers: sign(secret, { text: "canary" }), body: "canary" }],
])("%s is refused", async (_case, request) => {
  const error = await verifyWebhook(request, secret, { now }).catch((reason) => reason);
  expect(error).toMatchObject({ name: "EvertokenError", code: "webhook_refused" });
  expect(error.message).not.toContain("canary");
});

test.each([[""], ["whsec_%%%"], [undefined as unknown as string]])("the secret %j is none", async (none) => {
  const refused = verifyWebhook({ headers: sign(secret), body }, none, { now });
  await expect(refused).rejects.toMatchObject({ code: "invalid_input" });
  await expect(verifyWebhook({ headers: {}, body }, [], { now })).rejects.toMatchObject({ code: "invalid_input" });
});

test("a body that was parsed is named as such, and not as a wrong signature", async () => {
  const refused = verifyWebhook({ headers: sign(secret), body: event as never }, secret, { now });
  await expect(refused).rejects.toMatchObject({ code: "invalid_input", message: expect.stringMatching(/^body: /) });
});

test.each([
  [[null, secret], "request: needs the headers and the body"],
  [[{ body }, secret], "request: needs the headers and the body"],
  [[{ headers: sign(secret), body }, secret, null], "options: needs an object with any of toleranceSeconds"],
  [[{ headers: sign(secret), body }, secret, { toleranceSeconds: "5" }], "toleranceSeconds: needs a number"],
])("%j is refused by the name of what is wrong", async (given, words) => {
  const refused = verifyWebhook(...(given as unknown as Parameters<typeof verifyWebhook>));
  await expect(refused).rejects.toMatchObject({ code: "invalid_input", message: expect.stringContaining(words) });
});

test("a tolerance that is no number takes nothing that was recorded", async () => {
  const request = { headers: sign(secret, { seconds: 1 }), body };
  const refused = verifyWebhook(request, secret, { now, toleranceSeconds: Number.NaN });
  await expect(refused).rejects.toMatchObject({ code: "webhook_refused" });
});
