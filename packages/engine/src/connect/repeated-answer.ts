import { createHash } from "node:crypto";
import type { Completed, ConnectAnswer } from "@evertoken/client";
import type { Engine } from "../engine.ts";
import { withStore } from "../evertoken-error.ts";

/** Browsers reload, and look ahead, and scanners of links open what a user is about to: the same answer comes twice within moments. */
const repeatableMs = 60_000;

const pollMs = 100;

/** Which answer it was. Of its code only this is kept. */
export function hashAnswer({ state, code, error, iss, redirectUri }: ConnectAnswer): string {
  const said = JSON.stringify([state, code ?? null, error ?? null, iss ?? null, redirectUri ?? null]);
  return createHash("sha256").update(said).digest("hex");
}

/** Keeps what came of an answer. @param stateHash of the flow that it ended */
export async function keepOutcome({ pool }: Engine, stateHash: string, outcome: Completed): Promise<void> {
  await withStore(() =>
    pool.query({
      name: "oauth-state-outcome",
      text: "UPDATE oauth_states SET outcome = $2 WHERE state_hash = $1",
      values: [stateHash, JSON.stringify(outcome)],
    }),
  );
}

/**
 * What came of the same answer a moment ago, without asking the provider again; waited for while the first one is at it.
 *
 * @returns null: it is another answer, or too late
 */
export async function outcomeBefore(
  engine: Engine,
  stateHash: string,
  answer: ConnectAnswer,
): Promise<Completed | null> {
  const { pool, work, config } = engine;
  // An exchange, and who it was: two requests.
  for (const deadline = Date.now() + 2 * config.request.timeoutMs; ; ) {
    const { rows } = await withStore(() =>
      pool.query<{ outcome: Completed | null }>({
        name: "oauth-state-repeated",
        text: `SELECT outcome FROM oauth_states
          WHERE state_hash = $1 AND answer_hash = $2 AND used_at > now() - $3 * interval '1 millisecond'`,
        values: [stateHash, hashAnswer(answer), repeatableMs],
      }),
    );
    const [row] = rows;
    if (row === undefined || Date.now() > deadline) return null;
    if (row.outcome !== null) return row.outcome;
    await work.pause(pollMs);
  }
}
