import { expect, test } from "vitest";
import { comesDue, events, patch, runTask } from "../support/drive.ts";
import { addEndpoint, promptly } from "../support/events.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRig, hasty, type Rig, until } from "../support/rig.ts";
import { startSmtpServer } from "../support/smtp-server.ts";

const env = { ...hasty, ...promptly, SWEEP_CRON: "0 0 1 1 *" };
const day = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * day);

/** Consented a year ago, to a grant that ends soon; its provider's answers say nothing of that. */
async function ending(rig: Rig, days: number, userEmail?: string) {
  const known = await rig.connect({
    refreshTokenExpiresAt: inDays(days),
    ...(userEmail === undefined ? {} : { userEmail }),
  });
  await patch(rig, known.id, "connected_at = now() - interval '350 days'");
  return known;
}

const announced = async (rig: Rig, id: string) =>
  (await events(rig, id)).filter((event) => event === "connection.reauth_due").length;

test("an end that no refresh can move is announced once, to apps, operators and the user, whoever runs", async () => {
  const [app, slack, smtp] = [await startReceiver(), await startReceiver(), await startSmtpServer()];
  const mail = { SMTP_URL: smtp.url, SMTP_FROM: "evertoken@example.com" };
  const rig = await createRig({ env: { ...env, ...mail, SLACK_WEBHOOK_URL: slack.url } });
  await addEndpoint(rig, { kind: "webhook", target: app.url, events: ["connection.reauth_due"] });
  const soon = await ending(rig, 13.5, "ada@example.com");
  const later = await ending(rig, 14.5);
  const young = await rig.connect({ refreshTokenExpiresAt: inDays(10) });
  const worker = await rig.start("worker");
  const schedulers = await Promise.all([rig.start("scheduler"), rig.start("scheduler")]);
  await until("it is announced", async () => (await announced(rig, soon.id)) > 0);
  for (let n = 0; n < 3; n++) expect(await runTask(rig, "sweep")).toMatchObject({ reauthDue: 0 });
  await Promise.all(schedulers.map((scheduler) => scheduler.stop()));
  await rig.start("scheduler");
  expect(await runTask(rig, "sweep")).toMatchObject({ reauthDue: 0 });
  const { rows } = await rig.pool.query("SELECT connection_id FROM outbox WHERE event = 'connection.reauth_due'");
  expect(rows).toEqual([{ connection_id: soon.id }]);

  await until("all are told", async () => app.received.length + slack.received.length + smtp.mails.length === 3);
  const row = await rig.row(soon.id);
  expect(JSON.parse(app.received[0]?.body ?? "")).toMatchObject({
    type: "connection.reauth_due",
    data: { connectionId: soon.id, status: "connected", grantEndsAt: row.grant_ends_at.toISOString() },
  });
  expect(slack.received[0]?.body).toContain("needs its user to reconnect soon");
  expect(smtp.mails[0]).toMatchObject({ to: ["ada@example.com"], subject: "Please reconnect your acme account" });
  expect(smtp.mails[0]?.text).toContain(`ends on ${row.grant_ends_at.toISOString().slice(0, 10)}`);
  expect(worker.output()).not.toContain("canary");

  // A week later.
  await rig.pool.query(`UPDATE connections SET grant_ends_at = grant_ends_at - interval '7 days',
    connected_at = connected_at - interval '7 days', reauth_announced_at = reauth_announced_at - interval '7 days'`);
  expect(await runTask(rig, "sweep")).toMatchObject({ reauthDue: 3 });
  expect(await Promise.all([soon, later, young].map(({ id }) => announced(rig, id)))).toEqual([2, 1, 1]);
  expect(await runTask(rig, "sweep")).toMatchObject({ reauthDue: 0 });
});

test("a refresh does not repeat it, a reconnect begins anew, who has to reconnect already hears no more", async () => {
  const rig = await createRig({ env });
  await rig.start("worker");
  const [known, dead] = [await ending(rig, 6), await ending(rig, 6)];
  await patch(rig, dead.id, "status = 'needs_reauth', next_refresh_at = NULL");
  await rig.start("scheduler");
  await until("it is announced", async () => (await announced(rig, known.id)) === 1);
  expect(await announced(rig, dead.id)).toBe(0);
  await comesDue(rig, known.id);
  await until("it was refreshed", async () => (await rig.row(known.id)).generation === 2);
  const { grant_ends_at: end } = await rig.row(known.id);
  expect(end).not.toBeNull();
  expect(await runTask(rig, "sweep")).toMatchObject({ reauthDue: 0 });

  const { user_id: userId, external_account_id: externalAccountId } = await rig.row(known.id);
  await rig.connect({ userId, externalAccountId, refreshTokenExpiresAt: inDays(365) });
  expect(await rig.row(known.id)).toMatchObject({ generation: 3, reauth_announced_at: null });
  expect((await rig.row(known.id)).grant_ends_at.getTime()).toBeGreaterThan(inDays(364).getTime());
  expect(await announced(rig, known.id)).toBe(1);
});
