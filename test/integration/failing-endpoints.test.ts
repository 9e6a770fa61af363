import { expect, test } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import { addEndpoint, promptly, tell } from "../support/events.ts";
import { startReceiver } from "../support/receiver.ts";
import { hasty, until } from "../support/rig.ts";
import { createDashboardRig } from "./dashboard-rig.ts";

test("a receiver that takes nothing for minutes is named with what waits for it, and the log says why", async () => {
  const receiver = await startReceiver();
  receiver.reply({ status: 503 });
  const rig = await createDashboardRig({ ...hasty, ...promptly });
  const { id } = await addEndpoint(rig, { target: receiver.url });
  const worker = await rig.start("worker");
  await tell(rig, 3, "connection.needs_reauth", { errorCode: "refresh_token_expired" });
  await until("it has failed", async () => {
    const { rows } = await rig.pool.query("SELECT failing_since FROM webhook_endpoints WHERE id = $1", [id]);
    return rows[0]?.failing_since !== null;
  });
  const logged = await until("the log says so", async () => worker.lines().find(({ endpoint }) => endpoint === id));
  expect(logged).toMatchObject({ kind: "webhook", reason: expect.stringContaining("503") });
  expect((await runInProcess(["doctor"], { env: rig.env })).stdout).toContain("every receiver takes them");

  await rig.pool.query("UPDATE webhook_endpoints SET failing_since = now() - interval '2 hours'");
  const said = new RegExp(`the webhook endpoint ${id} has failed for 2 h, 3 wait for it: .*503`);
  expect((await runInProcess(["doctor"], { env: rig.env })).stdout).toMatch(said);
  const page = await rig.read("/");
  expect(page).toContain("A receiver of events does not take them: 3 wait");
  expect(page).toContain(id);

  await rig.pool.query("UPDATE webhook_endpoints SET failing_since = NULL");
  // The page remembers for some seconds what it read.
  await expect.poll(() => rig.read("/"), { timeout: 15_000 }).not.toContain("A receiver of events");
});
