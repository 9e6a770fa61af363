import { expect, test } from "vitest";
import { blocksOf } from "../contract/docs-pages.ts";
import { promptly, tell } from "../support/events.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRig, hasty, until } from "../support/rig.ts";
import { startApi } from "./api-harness.ts";

/** The entry that the guide adds, with no other file touched. */
const entry = blocksOf("docs/extending.md").find(({ info }) => info === "ts added")?.text ?? "";

/** Loaded before a process: it then runs as if the entry stood at the end of the table in the file. */
const patch = `
  import { registerHooks } from "node:module";
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.endsWith("/core/src/alert-channel.ts")) return loaded;
      const [before, after] = String(loaded.source).split("} as const satisfies");
      return { ...loaded, source: before + ${JSON.stringify(entry)} + "} as const satisfies" + after };
    },
  });`;
const withEntry = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(patch)}` };

test("the entry that the guide adds is all that a channel takes: its setting, the API, and alerts in one message", async () => {
  const [ofSettings, added] = [await startReceiver(), await startReceiver()];
  const own = { MATTERMOST_WEBHOOK_URL: ofSettings.url, EVERTOKEN_ALLOW_PRIVATE_ADDRESSES: "true" };
  const { rig, ask } = await startApi({ env: { ...hasty, ...promptly, ...own } }, withEntry);
  const body = { kind: "mattermost", target: added.url };
  const saved = await ask("POST /v1/webhooks", { body });
  expect(saved).toMatchObject({ status: 201, body: { kind: "mattermost", secret: null } });
  expect(saved.body.target).toBe(`${new URL(added.url).origin}/…`);

  const worker = await rig.start("worker", withEntry);
  await tell(rig, 3, "connection.needs_reauth", { errorCode: "refresh_token_expired" });
  await tell(rig, 1, "connection.created");
  for (const { received } of [ofSettings, added]) {
    await until("an alert arrives", async () => received.length > 0);
    expect(received.map((one) => JSON.parse(one.body))).toEqual([
      { text: expect.stringMatching(/^#### acme: 3 connections need their users to reconnect\n/) },
    ]);
  }
  const { body: listed } = await ask("GET /v1/webhooks");
  expect(listed.data).toContainEqual(expect.objectContaining({ kind: "mattermost", from_settings: true }));
  expect(worker.output()).not.toContain(added.url);
});

test("a setting of the channel that is no URL is refused at the start, by name and without its value", async () => {
  const rig = await createRig();
  const started = rig.start("worker", { ...withEntry, MATTERMOST_WEBHOOK_URL: "canary" });
  const { message } = await started.then(
    () => expect.unreachable(),
    (error: Error) => error,
  );
  expect(message).toContain("MATTERMOST_WEBHOOK_URL is not a URL that begins with https://");
  expect(message).not.toContain("canary");
});
