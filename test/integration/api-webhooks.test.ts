import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { beforeAll, expect, test } from "vitest";
import { until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { type Api, startApi } from "./api-harness.ts";

let api: Api;
const received: { headers: Record<string, unknown>; body: string }[] = [];
let receiver: string;
beforeAll(async () => {
  const server = createServer(async (request, response) => {
    received.push({ headers: request.headers, body: await text(request) });
    response.end();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onFileEnd(() => new Promise((resolve) => void server.close(resolve).closeAllConnections()));
  receiver = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  api = await startApi();
  await api.rig.start("worker");
});

test("an endpoint gets signed events, its deliveries are listed and can be sent once more", async () => {
  const made = await api.ask("POST /v1/webhooks", {
    body: { target: `${receiver}?canary=1`, events: ["connection.created"] },
  });
  expect(made).toMatchObject({ status: 201, body: { kind: "webhook", enabled: true, from_settings: false } });
  const { id, secret } = made.body;
  expect(secret).toMatch(/^whsec_/);
  const { id: connectionId } = await api.rig.connect();
  const deliveries = await until("it is delivered", async () => {
    const { body } = await api.ask(`GET /v1/webhooks/${id}/deliveries`);
    return body.data[0]?.status === "delivered" && body.data;
  });
  expect(deliveries).toMatchObject([{ event: "connection.created", connection_id: connectionId, http_status: 200 }]);
  const [first] = received as [(typeof received)[0]];
  const signed = `${first.headers["webhook-id"]}.${first.headers["webhook-timestamp"]}.${first.body}`;
  const mac = createHmac("sha256", Buffer.from(secret.slice("whsec_".length), "base64"))
    .update(signed)
    .digest("base64");
  expect(first.headers["webhook-signature"]).toContain(`v1,${mac}`);

  const replayed = await api.ask(`POST /v1/webhooks/deliveries/${deliveries[0].id}/replay`);
  expect(replayed).toMatchObject({ status: 202, body: { status: "pending" } });
  await until("it came again", async () => received.length === 2);
  expect(received[1]?.headers["webhook-id"]).toBe(first.headers["webhook-id"]);

  const rotated = await api.ask(`PATCH /v1/webhooks/${id}`, { body: { rotate_secret: true, enabled: false } });
  expect(rotated.body).toMatchObject({ id, enabled: false, secret: expect.stringMatching(/^whsec_/) });
  expect(rotated.body.secret).not.toBe(secret);
  const one = await api.ask(`GET /v1/webhooks/${id}`);
  expect(one.body).toMatchObject({ id, enabled: false, events: ["connection.created"] });
  const list = await api.ask("GET /v1/webhooks");
  expect(list.text + one.text).not.toMatch(/whsec_|canary/);
  expect((await api.ask(`DELETE /v1/webhooks/${id}`)).status).toBe(204);
  await api.refused(`DELETE /v1/webhooks/${id}`, 404, "not_found");
  await api.refused(`GET /v1/webhooks/${id}`, 404, "not_found");
});

test("targets and events that cannot be are refused by field", async () => {
  const cases: [object, string][] = [
    [{ target: "ftp://x.example" }, "target"],
    [{ target: "https://user:canary@x.example" }, "target"],
    [{ kind: "email", target: "nobody" }, "target"],
    [{ target: receiver, events: ["connection.exploded"] }, "events.0"],
    [{ target: receiver, tags: ["No"] }, "tags.0"],
    [{ kind: "pigeon", target: receiver }, "kind"],
    [{}, "target"],
  ];
  for (const [body, field] of cases) {
    const { body: told, text: answer } = await api.refused("POST /v1/webhooks", 400, "invalid_request", { body });
    expect(told.errors.map((error: { field: string }) => error.field)).toContain(field);
    expect(answer).not.toContain("canary");
  }
  const nobody = crypto.randomUUID();
  await api.refused(`PATCH /v1/webhooks/${nobody}`, 404, "not_found", { body: { enabled: false } });
  await api.refused("POST /v1/webhooks/deliveries/99/replay", 404, "not_found");
  await api.refused("POST /v1/webhooks/deliveries/x/replay", 400, "invalid_request");
  expect((await api.ask("GET /v1/webhooks")).body.data).toEqual([]);
});

test("a target that is, or leads to, a private address is not stored unless that is allowed", async () => {
  const env = { EVERTOKEN_ALLOW_PRIVATE_ADDRESSES: "false", EVERTOKEN_GENERIC_PROVIDERS: "" };
  const closed = await startApi({ env });
  const refused = (what: string, target: string) => closed.refused(what, 400, "invalid_request", { body: { target } });
  for (const host of ["127.0.0.1", "[::1]", "[::ffff:10.0.0.1]", "169.254.1.1", "2130706433", "localhost"]) {
    const { body } = await refused("POST /v1/webhooks", `https://${host}/hook`);
    expect(body.errors).toEqual([expect.objectContaining({ field: "target" })]);
  }
  await refused("POST /v1/webhooks", "http://93.184.215.14/hook");
  const stored = await closed.ask("POST /v1/webhooks", { body: { target: "https://93.184.215.14/hook" } });
  expect(stored.status).toBe(201);
  await refused(`PATCH /v1/webhooks/${stored.body.id}`, "https://localhost/hook");
  const { body } = await closed.ask("GET /v1/webhooks");
  expect(body.data.map(({ target }: { target: string }) => target)).toEqual(["https://93.184.215.14/hook"]);
});
