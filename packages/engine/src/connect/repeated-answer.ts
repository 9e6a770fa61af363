import { createHash } from "node:crypto";
import { VaultError } from "@evertoken/adapters";
import type { Completed, Confirmed, ConnectAnswer } from "@evertoken/client";
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

const place = (stateHash: string) => `oauth_states/${stateHash}/outcome`;

/** Keeps what came of an answer, encrypted: who reads the table can confirm nothing. @param stateHash of the flow that it ended */
export async function keepOutcome({ pool, keyring }: Engine, stateHash: string, outcome: Completed): Promise<void> {
  const sealed = keyring.sealText(JSON.stringify(outcome), place(stateHash));
  await withStore(() =>
    pool.query({
      name: "oauth-state-outcome",
      text: "UPDATE oauth_states SET outcome = $2 WHERE state_hash = $1",
      values: [stateHash, JSON.stringify(sealed)],
    }),
  );
}

/**
 * What came of the same answer a moment ago, without asking the provider again; waited for while the first one is at it.
 *
 * @returns null: it is another answer, or too late
 */
export function outcomeBefore(engine: Engine, stateHash: string, answer: ConnectAnswer): Promise<Completed | null> {
  return awaitOutcome(engine, stateHash, {
    name: "oauth-state-repeated",
    text: `SELECT outcome FROM oauth_states
      WHERE state_hash = $1 AND answer_hash = $2 AND used_at > now() - $3 * interval '1 millisecond'`,
    values: [stateHash, hashAnswer(answer), repeatableMs],
    isEnd: () => true,
    // An exchange, and who it was: two requests.
    waitMs: 2 * engine.config.request.timeoutMs,
  });
}

/** What came of the confirmation of a flow, which another process may just be writing down. @returns null: it was dropped */
export async function outcomeConfirmed(engine: Engine, stateHash: string): Promise<Confirmed | null> {
  const outcome = await awaitOutcome(engine, stateHash, {
    name: "oauth-state-confirmed",
    text: "SELECT outcome FROM oauth_states WHERE state_hash = $1",
    values: [stateHash],
    isEnd: ({ kind }) => kind === "connected",
    // Between the account that was stored and its outcome stands one statement: on a busy database that is no moment.
    waitMs: 5000,
  });
  return outcome?.kind === "connected" ? outcome : null;
}

interface Look {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
  readonly isEnd: (outcome: Completed) => boolean;
  readonly waitMs: number;
}

async function awaitOutcome(engine: Engine, stateHash: string, look: Look): Promise<Completed | null> {
  const { name, text, values, isEnd, waitMs } = look;
  for (const deadline = Date.now() + waitMs; ; ) {
    const { rows } = await withStore(() => engine.pool.query<{ outcome: unknown }>({ name, text, values }));
    const [row] = rows;
    if (row === undefined || Date.now() > deadline) return null;
    const outcome = read(engine, stateHash, row.outcome);
    if (outcome !== null && isEnd(outcome)) return outcome;
    await engine.work.pause(pollMs);
  }
}

/** What somebody else has written is none: it says where users are sent, and which connection the app takes for theirs. */
function read({ keyring }: Engine, stateHash: string, kept: unknown): Completed | null {
  if (typeof kept !== "string") return null;
  try {
    return JSON.parse(keyring.openText(kept, place(stateHash))) as Completed;
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}
