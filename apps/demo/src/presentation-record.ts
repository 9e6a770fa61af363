import type { DatabaseSync } from "node:sqlite";
import { hashToken } from "./demo-store.ts";

/** How often one refresh token was presented, and what was answered each time: `granted`, or the error code. */
export type PresentedToken = {
  tokenHash: string;
  account: string | null;
  presented: number;
  answers: string[];
  firstAt: string;
  lastAt: string;
};

export type DemoRecord = {
  /** Different refresh tokens that were presented at least once. */
  refreshTokens: number;
  presentations: number;
  granted: number;
  refused: number;
  /** What should be 0: a healthy engine presents each refresh token exactly once. */
  presentedMoreThanOnce: number;
  /** Those presented more than once first, then the newest. */
  tokens: PresentedToken[];
};

export type Presentation = { refreshToken: string; account: string | null; answer: string; atMs: number };

const newestTokens = 500;

/** Keeps, in the demo's data file, each presentation of a refresh token; of the token only its hash. */
export function createPresentationRecord(database: DatabaseSync) {
  const insert = database.prepare(
    "insert into presentations (token_hash, account, answer, presented_at_ms) values (?, ?, ?, ?)",
  );
  const totals = database.prepare(`
    select count(*) as presentations, count(distinct token_hash) as tokens, coalesce(sum(answer = 'granted'), 0) as granted,
      (select count(*) from (select 1 from presentations group by token_hash having count(*) > 1)) as repeated
    from presentations`);
  const list = database.prepare(`
    select token_hash, max(account) as account, count(*) as presented, json_group_array(answer order by id) as answers,
      min(presented_at_ms) as first_ms, max(presented_at_ms) as last_ms
    from presentations group by token_hash order by count(*) > 1 desc, last_ms desc limit ${newestTokens}`);

  return {
    add({ refreshToken, account, answer, atMs }: Presentation): void {
      insert.run(hashToken(refreshToken), account, answer, atMs);
    },

    read(): DemoRecord {
      const row = totals.get() ?? {};
      const [presentations, granted] = [Number(row.presentations), Number(row.granted)];
      return {
        refreshTokens: Number(row.tokens),
        presentations,
        granted,
        refused: presentations - granted,
        presentedMoreThanOnce: Number(row.repeated),
        tokens: list.all().map((token) => ({
          tokenHash: String(token.token_hash),
          account: token.account === null ? null : String(token.account),
          presented: Number(token.presented),
          answers: JSON.parse(String(token.answers)),
          firstAt: new Date(Number(token.first_ms)).toISOString(),
          lastAt: new Date(Number(token.last_ms)).toISOString(),
        })),
      };
    },
  };
}
