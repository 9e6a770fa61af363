import { expect, test } from "vitest";
import { comesDue, events } from "../support/drive.ts";
import { addEndpoint, deliveriesOf, promptly, tell } from "../support/events.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { createRig, hasty, type Rig, until } from "../support/rig.ts";
import { startSmtpServer } from "../support/smtp-server.ts";

const env = { ...hasty, ...promptly };
const said = ({ received }: Receiver) => received.map(({ body }) => JSON.parse(body));

async function delivered(rig: Rig, count: number): Promise<void> {
  await until("all is delivered", async () => {
    const { rows } = await rig.pool.query("SELECT status FROM webhook_deliveries");
    return rows.length === count && rows.every(({ status }) => status === "delivered");
  });
}

test("a hundred connections of one provider that die for one cause are one alert with their number", async () => {
  const [slack, discord, smtp] = [await startReceiver(), await startReceiver(), await startSmtpServer()];
  const rig = await createRig({
    env: {
      ...env,
      DENIALS_TO_SUSPECT: "1000", // all at once are doubted at first
      SLACK_WEBHOOK_URL: slack.url,
      DISCORD_WEBHOOK_URL: discord.url,
      SMTP_URL: smtp.url,
      SMTP_FROM: "Evertoken <evertoken@example.com>",
      OPERATOR_EMAIL: "operator@example.com",
    },
  });
  slack.reply({ status: 200 });
  const worker = await rig.start("worker");
  const connections = await Promise.all(Array.from({ length: 100 }, () => rig.connect()));
  for (const { family } of connections) await rig.server.revokeFamily(family);
  await Promise.all(connections.map(({ id }) => comesDue(rig, id)));
  await until("all are dead", async () => {
    return (await events(rig)).filter((event) => event === "connection.needs_reauth").length === 100;
  });
  await delivered(rig, 300);
  const told = said(slack).map(({ text }) => text as string);
  const counted = told.map((text) => Number(/: (\d+) connections need their users/.exec(text)?.[1] ?? 1));
  expect(counted.reduce((sum, count) => sum + count, 0)).toBe(100);
  expect(told.length).toBeLessThanOrEqual(3);
  expect(said(slack)[0]).toEqual({ text: expect.stringMatching(/^\*acme: .*\*\nCause.*refresh_token_expired/i) });
  expect(said(discord)[0]).toEqual({
    content: expect.stringMatching(/^\*\*acme: /i),
    allowed_mentions: { parse: [] },
  });
  expect(discord.received.length).toBeLessThanOrEqual(3);
  expect(smtp.mails.length).toBeLessThanOrEqual(3);
  expect(smtp.mails[0]).toMatchObject({ from: "evertoken@example.com", to: ["operator@example.com"] });
  expect(smtp.mails[0]?.subject).toMatch(/^\[Evertoken\] acme: \d+ connections need/i);
  const everything = [JSON.stringify(said(slack)), JSON.stringify(said(discord)), JSON.stringify(smtp.mails)];
  for (const output of [...everything, worker.output()]) {
    expect(output).not.toContain("canary");
    expect(output).not.toContain("user-");
    expect(output).not.toContain(slack.url);
  }
});

test("another cause, and another provider, are alerts of their own; the same again comes after the quiet time", async () => {
  const slack = await startReceiver();
  const rig = await createRig({ env: { ...env, SLACK_WEBHOOK_URL: slack.url } });
  await rig.start("worker");
  const death = { errorCode: "refresh_token_expired", message: "HTTP 400 <invalid_grant> & more" };
  await tell(rig, 5, "connection.needs_reauth", death);
  await tell(rig, 3, "connection.needs_reauth", { errorCode: "no_refresh_token" });
  await tell(rig, 2, "connection.needs_reauth", death, "other");
  await delivered(rig, 10);
  const texts = () => said(slack).map(({ text }) => text as string);
  expect(texts().sort()).toEqual(
    [
      expect.stringContaining("acme: 3 connections"),
      expect.stringContaining("acme: 5 connections"),
      expect.stringContaining("other: 2 connections"),
    ].sort((a, b) => String(a.sample).localeCompare(String(b.sample))),
  );
  expect(texts().join()).toContain("&lt;invalid_grant&gt; &amp; more");
  const firstAt = slack.received.at(0)?.at ?? 0;
  await tell(rig, 4, "connection.needs_reauth", death);
  await delivered(rig, 14);
  expect(slack.received).toHaveLength(4);
  expect((slack.received[3]?.at ?? 0) - firstAt).toBeGreaterThan(1400);
  expect(texts()[3]).toContain("4 connections");
});

test("a circuit that opens or closes is told at once, and Slack's 429 is respected", async () => {
  const slack = await startReceiver();
  const rig = await createRig({ env: { ...env, SLACK_WEBHOOK_URL: slack.url, ALERT_WINDOW_MS: "600000" } });
  await rig.start("worker");
  slack.reply({ status: 429, headers: { "retry-after": "1" } });
  await tell(rig, 1, "provider.circuit_opened", { reason: "HTTP 401 invalid_client" });
  await until("it was refused", async () => slack.received.length === 1);
  slack.reply({ status: 200 });
  await tell(rig, 1, "provider.circuit_closed", {});
  await delivered(rig, 2);
  expect((slack.received[1]?.at ?? 0) - (slack.received[0]?.at ?? 0)).toBeGreaterThan(900);
  const texts = said(slack).map(({ text }) => text as string);
  expect(
    texts.some((text) => text.includes("refuses our client registration") && text.includes("invalid_client")),
  ).toBe(true);
  expect(texts.some((text) => text.includes("works again"))).toBe(true);
});

test("an operator is shown the answer that nobody has described, and told what to do about it", async () => {
  const slack = await startReceiver();
  const rig = await createRig({ env: { ...env, SLACK_WEBHOOK_URL: slack.url } });
  await rig.start("worker");
  const failure = { errorCode: "unknown_answer", message: "HTTP 418 fault.kind: teapot" };
  await tell(rig, 1, "token.refresh_failed", failure);
  await tell(rig, 1, "provider.circuit_opened", { errorCode: failure.errorCode, reason: failure.message });
  await delivered(rig, 2);
  const texts = said(slack).map(({ text }) => text as string);
  expect(texts).toHaveLength(2);
  for (const text of texts) {
    expect(text).toContain(failure.message);
    expect(text).toContain("in its file");
  }
  expect(texts.join()).not.toContain("client registration");
});

test("the user of a dead connection is asked by mail to reconnect, with the link, and not once it works again", async () => {
  const smtp = await startSmtpServer();
  const rig = await createRig({
    env: {
      ...env,
      SMTP_URL: smtp.url,
      SMTP_FROM: "evertoken@example.com",
      RECONNECT_URL: "https://app.example/reconnect?c={connection}",
    },
  });
  const worker = await rig.start("worker");
  const [known, silent] = [await rig.connect(), await rig.connect()];
  await rig.pool.query("UPDATE connections SET user_email = 'ada@example.com' WHERE id = $1", [known.id]);
  smtp.refuse("451 try later");
  for (const { family, id } of [known, silent]) {
    await rig.server.revokeFamily(family);
    await comesDue(rig, id);
  }
  const [delivery] = await until("it was refused once", async () => {
    const { rows } = await rig.pool.query("SELECT * FROM webhook_deliveries WHERE error IS NOT NULL");
    return rows.length === 1 && rows;
  });
  expect(delivery.error).toMatch(/451/);
  smtp.refuse(null);
  await until("the mail is there", async () => smtp.mails.length === 1);
  const [mail] = smtp.mails;
  expect(mail).toMatchObject({
    to: ["ada@example.com"],
    subject: expect.stringMatching(/Please reconnect your acme account/i),
  });
  expect(mail?.text).toContain(`https://app.example/reconnect?c=${known.id}`);
  expect(mail?.text).not.toContain("canary");
  expect(worker.output()).not.toContain("ada@");

  await rig.pool.query("UPDATE connections SET status = 'connected' WHERE id = $1", [known.id]);
  await rig.pool.query(
    "INSERT INTO outbox (event, connection_id, provider, payload) VALUES ('connection.needs_reauth', $1, 'acme', '{}')",
    [known.id],
  );
  await tell(rig, 1, "connection.created");
  await until("the second is settled", async () => {
    const { rows } = await rig.pool.query(
      "SELECT error FROM webhook_deliveries WHERE status = 'delivered' ORDER BY id",
    );
    return rows.at(-1)?.error === "no longer needed";
  });
  expect(smtp.mails).toHaveLength(1);
});

test("endpoints are checked before they are stored, and what they hold is encrypted", async () => {
  const rig = await createRig({ env });
  const refused = (input: object) =>
    addEndpoint(rig, input).then(
      () => "saved",
      (error: Error) => error.message,
    );
  expect(await refused({ target: "ftp://example.com" })).toContain("target");
  expect(await refused({ target: "https://user:pass@example.com/" })).toContain("password");
  expect(await refused({ target: "nonsense" })).toContain("target");
  expect(await refused({ target: "https://example.com", events: ["connection.exploded"] })).toContain("exploded");
  expect(await refused({ kind: "email", target: "not an address" })).toContain("mail address");
  expect(await refused({ id: "00000000-0000-4000-8000-000000000001", target: "https://e.com" })).toContain("not_found");
  expect((await rig.pool.query("SELECT FROM webhook_endpoints")).rowCount).toBe(0);
  const { id, secret } = await addEndpoint(rig, { target: "https://example.com/hook" });
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const changed = await addEndpoint(rig, { id, enabled: false });
  expect(changed).toEqual({ id, secret: "" });
  expect(await deliveriesOf(rig, id)).toEqual([]);
});
