import type { ImportInput } from "@evertoken/engine/internal";
import { z } from "zod";
import { providerId, tags, text, time, userId } from "../schemas.ts";

const secret = text(65_536);
const endForm = 'needs a date such as 2026-11-26T12:00:00Z, "never", or null where it is not known';
const century = 100 * 365 * 86_400;

/** A token set as it comes over HTTP; the times mean the same as in the client library. */
export const importBody = z
  .strictObject({
    ...{ user_id: userId, provider: providerId, refresh_token: secret.nullish() },
    access_token: secret.nullish().describe("Left out or null beside a refresh token: fetched at once"),
    external_account_id: text().nullish().describe("The account at the provider, so that one user may connect several"),
    registration: text(64)
      .nullish()
      .describe("Which client registration the grant belongs to; default: the environment's"),
    display_name: text().nullish(),
    user_email: z.email().max(320).nullish().describe("Where a please-reconnect mail goes"),
    auth_type: z.enum(["oauth2", "api_key", "personal_access_token"]).nullish(),
    token_type: text().nullish(),
    scopes: z.array(text()).max(500).nullish(),
    expires_at: z
      .union([time, z.literal("never")], { error: endForm })
      .nullish()
      .describe("When the access token ends, or never; null beside a refresh token: not known, refreshed at once"),
    expires_in: z.number().positive().max(century).nullish().describe("The same in seconds from now"),
    refresh_token_expires_at: time.nullish(),
    metadata: z.record(text(128), text(4096)).nullish().describe("What endpoint templates need, such as shop"),
    tags: tags.nullish().describe("Of an account that is known added to its own, as long as there is room"),
    encrypted: z
      .boolean()
      .optional()
      .describe("The tokens are iv:authTag:ciphertext in hex, AES-256-GCM under legacy_key"),
    legacy_key: text().optional().describe("64 hex digits"),
    overwrite: z
      .boolean()
      .optional()
      .describe("true: take these tokens even where those that are stored may be newer; default: they are skipped"),
  })
  .meta({ id: "ImportConnection" });

const names = {
  ...{ user_id: "userId", provider: "provider", access_token: "accessToken", refresh_token: "refreshToken" },
  ...{
    external_account_id: "externalAccountId",
    display_name: "displayName",
    user_email: "userEmail",
    auth_type: "authType",
  },
  ...{
    token_type: "tokenType",
    scopes: "scopes",
    registration: "registration",
    expires_at: "expiresAt",
    expires_in: "expiresIn",
  },
  ...{ refresh_token_expires_at: "refreshTokenExpiresAt", metadata: "metadata", tags: "tags", overwrite: "overwrite" },
  ...{ encrypted: "encrypted", legacy_key: "legacyKey" },
} as const satisfies Record<keyof z.output<typeof importBody>, keyof ImportInput>;

export function toImport(body: z.output<typeof importBody>): ImportInput {
  const given = Object.entries(body).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [names[name as keyof typeof names], value]),
  ) as unknown as ImportInput;
}
