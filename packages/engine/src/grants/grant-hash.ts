import { createHmac, type KeyObject } from "node:crypto";
import { type Keyring, loadHashKey } from "@evertoken/adapters";
import { grantEndpoint, type Provider, type Registration } from "@evertoken/providers";
import type { Pool } from "pg";

interface GrantToHash {
  readonly provider: Provider;
  /** null: not known here, such as in an app that leaves the secrets to the workers. */
  readonly registration: Pick<Registration, "clientId"> | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** In plain, or how to open it: only opened where there is something to hash. */
  readonly refreshToken: string | null | (() => string);
}

/** Tells whether two connections hold one grant, without showing what they hold. */
export interface GrantHasher {
  /** Before the first hash. */
  load(pool: Pool, keyring: Keyring): Promise<void>;
  /** Empty: nothing to guard; null: cannot be computed now, so not checked yet. */
  hash(grant: GrantToHash): string | null;
}

/** So many bits are never equal by chance. */
const hashBytes = 16;

/**
 * What a refresh token is worth depends on the endpoint and the client id that it is presented with: several catalogue entries of one maker
 * share both, and the shops of one entry share only the client. Where spending it does not change it many may hold it, and so may they a
 * token that is exchanged for another while it lives on (`spends: "access_token"`): these have no hash.
 */
export function createGrantHasher(): GrantHasher {
  let key: KeyObject | null = null;
  return {
    async load(pool, keyring) {
      key = await loadHashKey(pool, keyring, "grant");
    },
    hash({ provider, registration, metadata, refreshToken }) {
      if (refreshToken === null || !rotates(provider)) return "";
      const endpoint = grantEndpoint(provider, metadata);
      if (key === null || registration === null || endpoint === null) return null;
      const token = typeof refreshToken === "string" ? refreshToken : refreshToken();
      const text = JSON.stringify([endpoint, registration.clientId, token]);
      return createHmac("sha256", key).update(text).digest().subarray(0, hashBytes).toString("base64url");
    },
  };
}

const rotates = ({ policy }: Provider) => policy.spends === "refresh_token" && policy.rotation.kind !== "none";
