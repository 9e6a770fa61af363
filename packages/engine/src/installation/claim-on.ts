import type { Claim } from "@evertoken/core";
import type { Installation } from "./installation.ts";

/** A claim on the true database. When its statement meets another one than was looked at, it is looked at again, and asked once more. */
export async function claimOn(installation: Installation, claim: () => Promise<Claim>): Promise<Claim> {
  if ((await installation.standing()) !== null) return held();
  const claimed = await claim();
  if (claimed.kind === "claimed" || claimed.why !== "held") return claimed;
  await installation.look();
  return installation.held === null ? claim() : held();
}

const askAgainMs = 1000;

function held(): Claim {
  const until = new Date(Date.now() + askAgainMs);
  return { kind: "refused", why: "held", until, generation: null, nextRefreshAt: null, circuit: null };
}
