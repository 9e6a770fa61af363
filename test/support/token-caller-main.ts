import { createHash } from "node:crypto";
import { createEvertoken } from "@evertoken/engine";

/**
 * An app that wants tokens, in a process of its own. On each message it calls getAccessToken so many times at once, and answers with the
 * hashes of the tokens and the codes of the errors that it got.
 */
const client = createEvertoken({ settings: process.env });

process.on("message", async ({ connectionId, calls }: { connectionId: string; calls: number }) => {
  const got = await Promise.allSettled(Array.from({ length: calls }, () => client.getAccessToken(connectionId)));
  const tokens = got.flatMap((each) => (each.status === "fulfilled" ? [hash(each.value.accessToken)] : []));
  const errors = got.flatMap((each) => (each.status === "rejected" ? [String(each.reason.code)] : []));
  process.send?.({ tokens, errors });
});

process.once("disconnect", async () => {
  await client.close();
  process.exit(0);
});

process.send?.("ready");

function hash(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
