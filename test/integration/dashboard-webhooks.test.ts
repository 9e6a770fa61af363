import { endpointDepsOf, saveEndpoint } from "@evertoken/operations";
import { beforeAll, expect, test } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import { addEndpoint, deliveriesOf, promptly, tell, verified } from "../support/events.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { hasty, until } from "../support/rig.ts";
import { createDashboardRig, type DashboardRig, page } from "./dashboard-rig.ts";

let rig: DashboardRig;
let receiver: Receiver;
let endpoint: { id: string; secret: string };

beforeAll(async () => {
  receiver = await startReceiver();
  rig = await createDashboardRig({ ...hasty, ...promptly, NOTIFY_ATTEMPTS: "2" });
  endpoint = await addEndpoint(rig, { target: `${receiver.url}?key=canary` });
  await rig.start("worker");
});

const event = "connection.needs_reauth";
const formToken = async (url: string) => /name="form_token" value="([^"]+)"/.exec(await rig.read(url))?.[1] ?? "";

/** Sends a form of the receiver's page as the operator, and follows where it leads. */
async function act(action: string, fields: Record<string, string> = {}, id = endpoint.id): Promise<string> {
  const form = { form_token: await formToken(`/webhooks/${id}`), ...fields };
  const answer = await rig.operator(
    "POST",
    `/webhooks/${action.startsWith("deliveries") ? action : `${id}/${action}`}`,
    page,
    form,
  );
  return answer.statusCode === 303 ? rig.read(`${answer.headers.location}`) : answer.body;
}

const settled = (count: number, status: string) =>
  until(`${count} are ${status}`, async () => {
    const found = (await deliveriesOf(rig, endpoint.id)).filter((each) => each.status === status);
    return found.length === count && found;
  });

test("what was sent is listed with the answer's status and time, and nothing of the target's secret", async () => {
  await tell(rig, 2, event);
  const [sent] = await settled(2, "delivered");
  expect(sent).toMatchObject({ httpStatus: 204, answerMs: expect.any(Number), attemptedAt: expect.any(Date) });
  expect(await rig.read("/webhooks")).toContain(`href="/webhooks/${endpoint.id}"`);
  const body = await rig.read(`/webhooks/${endpoint.id}?status=delivered`);
  expect([...body.matchAll(/data-entry="\d+"/g)]).toHaveLength(2);
  expect(body).toMatch(/>204<\/td>\s*<td data-label="Took" class="num nowrap">\d+ ms</);
  expect(body).not.toContain("canary");
  const shown = await runInProcess(["webhooks", "show", endpoint.id.slice(0, 8), "--json"], { env: rig.env });
  expect(JSON.parse(shown.stdout)).toMatchObject({
    id: endpoint.id,
    deliveries: [{ httpStatus: 204 }, { httpStatus: 204 }],
  });
  expect((await runInProcess(["webhooks"], { env: rig.env })).stdout).toMatch(
    new RegExp(`${endpoint.id} +webhook +http.*\\?… .* on`),
  );
});

test("a test says what came back; one that is taken ends the wait, and what was given up can be sent again", async () => {
  receiver.reply({ status: 503 });
  await tell(rig, 3, event);
  await settled(3, "failed");
  expect(await act("test")).toMatch(/did not take the test: HTTP 503 after \d+ ms/);
  const failed = await runInProcess(["webhooks", "test", endpoint.id, "--json"], { env: rig.env });
  expect([failed.code, JSON.parse(failed.stdout)]).toMatchObject([1, { delivered: false, httpStatus: 503 }]);
  await rig.pool.query(
    "UPDATE webhook_endpoints SET failing_since = now() - interval '1 hour', held_until = now() + interval '1 hour'",
  );
  expect(await rig.read("/")).toContain(`href="/webhooks/${endpoint.id}">Open the receiver</a>`);

  receiver.reply({ status: 200 });
  expect(await act("test")).toContain("It took the test");
  const asked = receiver.received.at(-1);
  expect(JSON.parse(asked?.body ?? "")).toMatchObject({ type: "webhook.test", data: {} });
  expect(asked !== undefined && verified(asked, endpoint.secret)).toBe(true);
  await until("the overview is calm", async () => !(await rig.read("/")).includes("does not take them"));
  expect(await act("replay-failed")).toContain("3 of them");
  await settled(5, "delivered");
  expect(await act("replay-failed")).toContain("nothing that was given up");
});

test("one delivery is sent again by page and by command, with the same id", async () => {
  const [last] = await deliveriesOf(rig, endpoint.id);
  const came = () => receiver.received.filter(({ headers }) => headers["webhook-id"] === last?.eventId).length;
  const before = came();
  expect(await act(`deliveries/${last?.id}/replay`)).toContain("On the way again");
  await until("it came", async () => came() === before + 1);
  expect((await runInProcess(["webhooks", "replay", last?.id ?? ""], { env: rig.env })).code).toBe(0);
  await until("it came once more", async () => came() === before + 2);
});

test("two secrets sign while one takes the place of the other, and at a new address the new one alone", async () => {
  const body = await act("secret", { sure: "yes" });
  const secret = /value="(whsec_[^"]+)"/.exec(body)?.[1] ?? "";
  const last = async () => {
    const count = receiver.received.length;
    await act("test");
    return receiver.received[count] as NonNullable<(typeof receiver.received)[0]>;
  };
  const signed = await last();
  expect([verified(signed, endpoint.secret), verified(signed, secret)]).toEqual([true, true]);
  expect(await rig.read(`/webhooks/${endpoint.id}`)).toContain("that of before signs as well");
  await rig.pool.query("UPDATE webhook_endpoints SET old_secret_until = now() - interval '1 second'");
  const later = await last();
  expect([verified(later, endpoint.secret), verified(later, secret)]).toEqual([false, true]);

  const other = await startReceiver();
  const deps = endpointDepsOf(rig.engine);
  await saveEndpoint(deps, { id: endpoint.id, rotateSecret: true });
  const moved = await saveEndpoint(deps, { id: endpoint.id, target: other.url });
  await act("test");
  const [first] = other.received;
  expect(moved.kind === "saved" && moved.secret !== null && first !== undefined && verified(first, moved.secret)).toBe(
    true,
  );
  expect(String(first?.headers["webhook-signature"]).split(" ")).toHaveLength(1);
});

test("viewers see, and cannot act by any request; nor can forms of elsewhere", async () => {
  const seen = (await rig.viewer("GET", `/webhooks/${endpoint.id}`, page)).body;
  expect([seen.includes("What was sent"), seen.includes("<form")]).toEqual([true, false]);
  const [delivery] = await deliveriesOf(rig, endpoint.id);
  const token = await formToken(`/webhooks/${endpoint.id}`);
  const count = receiver.received.length;
  for (const path of ["test", "replay-failed", "enable", "disable", "secret"]
    .map((each) => `${endpoint.id}/${each}`)
    .concat(`deliveries/${delivery?.id}/replay`)) {
    const url = `/webhooks/${path}`;
    expect([path, (await rig.viewer("POST", url, page, { form_token: token, sure: "yes" })).statusCode]).toEqual([
      path,
      403,
    ]);
    expect([path, (await rig.operator("POST", url, page, { form_token: "x", sure: "yes" })).statusCode]).toEqual([
      path,
      403,
    ]);
  }
  expect(receiver.received.length).toBe(count);
});

test("switched off and on again, each in the audit log", async () => {
  expect(await act("disable")).toContain("Switched off");
  expect((await runInProcess(["webhooks", "test", endpoint.id], { env: rig.env })).code).toBe(2);
  expect(await act("enable")).toContain("Switched on");
  const { rows } = await rig.pool.query(
    "SELECT actor, detail->>'action' AS action FROM audit_log WHERE action = 'webhook.saved' ORDER BY id",
  );
  expect(rows.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
    "person:olga secret",
    "person:olga disable",
    "person:olga enable",
  ]);
});

test("what makes no sense is said", async () => {
  for (const [url, status, said] of [
    [`/webhooks/${endpoint.id}?status=fine`, 400, "cannot be"],
    [`/webhooks/${endpoint.id}?before=x`, 400, "id of a delivery"],
    [`/webhooks/${endpoint.id}?colour=red`, 400, "There is no filter"],
    ["/webhooks/nobody", 404, "no such receiver"],
    [`/webhooks/${crypto.randomUUID()}`, 404, "no such receiver"],
  ] as const) {
    const answer = await rig.operator("GET", url, page);
    expect([url, answer.statusCode, answer.body.includes(said)]).toEqual([url, status, true]);
  }
  const forged = "taken Call 555 1234 and say your password";
  for (const done of [forged, "taken"]) {
    const told = await rig.read(`/webhooks/${endpoint.id}?${new URLSearchParams({ done })}`);
    expect(told, "what an address of somebody else says").not.toMatch(/555|It took the test/);
  }
  for (const args of [
    ["show", "zz"],
    ["replay"],
    ["replay", "1", "--failed-of", endpoint.id],
    ["replay", "999999"],
    ["show", endpoint.id, "--status", "fine"],
  ])
    expect([args, (await runInProcess(["webhooks", ...args], { env: rig.env })).code]).toEqual([args, 2]);
});
