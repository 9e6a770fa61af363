import { createHmac, type KeyObject } from "node:crypto";
import { type Keyring, loadHashKey } from "@evertoken/adapters";
import type { Pool } from "pg";

/** User ids appear in logs and in the audit log as a keyed hash only: lines of one user can be told apart without saying who it is. */
export interface UserHasher {
  /** Before the first hash. */
  load(pool: Pool, keyring: Keyring): Promise<void>;
  hash(userId: string): string;
}

/** What stands in a log line before the key is there: nothing of the id. */
const notYet = "--------";

/** The key is this installation's own, so that hashes cannot be looked up in a list; a new encryption key changes none of them. */
export function createUserHasher(): UserHasher {
  let key: KeyObject | null = null;
  return {
    async load(pool, keyring) {
      key = await loadHashKey(pool, keyring, "user_id");
    },
    hash: (userId) => (key === null ? notYet : createHmac("sha256", key).update(userId).digest("hex").slice(0, 8)),
  };
}
