import type { ImportInput } from "@evertoken/client";
import { z } from "zod";
import { decryptLegacy } from "../connect/decrypt-legacy.ts";
import { isStorable } from "../connect/is-storable.ts";
import { pastedToken } from "../connect/pasted-field.ts";
import { tagsInput } from "../connect/tags-input.ts";
import { EvertokenError } from "../evertoken-error.ts";
import { defaultRegistration } from "../providers/registration-names.ts";

const dateForm =
  'needs a date such as 2026-11-26T12:00:00Z (a number could be seconds or milliseconds), "never", or null where it is not known';
const when = z.union([z.date(), z.iso.datetime({ offset: true }).transform((text) => new Date(text))], {
  error: dateForm,
});
const storable = z.string().refine(isStorable, "has characters that cannot be stored");
const text = storable.trim().min(1).max(512);
const token = z.string().min(1, "needs a text; leave it out where there is none").max(65_536);

/** Exports write `null` for what they do not know: the same as leaving it out. */
function orElse<Schema extends z.ZodType>(schema: Schema, otherwise: z.output<Schema>) {
  return schema.nullish().transform((given) => given ?? otherwise);
}

const importSchema = z.strictObject({
  userId: text,
  provider: text,
  /** Left out or null beside a refresh token: fetched at once. */
  accessToken: token.nullish(),
  refreshToken: token.nullish(),
  /** The account at the provider, so that one user may connect several. */
  externalAccountId: orElse(text, "default"),
  displayName: text.nullish(),
  authType: orElse(z.enum(["oauth2", "api_key", "personal_access_token"]).optional(), undefined),
  tokenType: text.nullish(),
  scopes: orElse(z.array(text), []),
  /**
   * When the access token ends, or `"never"`; or `expiresIn` seconds from now; neither: the provider's documented lifetime from now. `null`
   * for what is given of the two, beside a refresh token: not known, so it is refreshed at once; without one: never.
   */
  expiresAt: z.union([when, z.literal("never")], { error: dateForm }).nullish(),
  expiresIn: z
    .number()
    .positive("needs a positive number of seconds; leave it out where it is not known")
    .max(100 * 365 * 86_400)
    .refine((seconds) => Math.abs(seconds - Date.now() / 1000) > 5 * 365 * 86_400, "is a point in time: use expiresAt")
    .nullish(),
  refreshTokenExpiresAt: when.nullish(),
  metadata: orElse(z.record(text, storable), {}),
  tags: orElse(tagsInput, []),
  userEmail: z.email().max(320).nullish(),
  /** Which of our client registrations the grant belongs to. */
  registration: orElse(text, defaultRegistration),
  /** The tokens are `iv:authTag:ciphertext` in hex, AES-256-GCM under `legacyKey` (64 hex digits). */
  encrypted: z.boolean().default(false),
  legacyKey: z.string().max(512).optional(),
  /** Even though the account is known and its stored tokens may be newer. */
  overwrite: z.boolean().default(false),
} satisfies Record<keyof ImportInput, z.ZodType>) satisfies z.ZodType<unknown, ImportInput>;

/** What a row of an import may say. */
export const importFields: readonly string[] = Object.keys(importSchema.shape);

/** The same, checked, its tokens in plain and without what was pasted along with them. */
export interface ImportOrder extends Omit<z.output<typeof importSchema>, "accessToken" | "refreshToken" | "legacyKey"> {
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
  /** What was taken off, by field. */
  readonly warnings: readonly string[];
}

/** @throws {EvertokenError} that names each wrong field, and never a value: it may be a token */
export function readImport(input: unknown): ImportOrder {
  const parsed = importSchema.safeParse(input);
  if (!parsed.success) {
    throw refused(parsed.error.issues.map((issue) => `${issue.path.join(".") || "input"}: ${issue.message}`));
  }
  const { accessToken, refreshToken, encrypted, legacyKey, ...rest } = parsed.data;
  const order = withEnd(rest);
  if (!encrypted && legacyKey !== undefined) throw refused(["legacyKey: only goes with `encrypted`"]);
  if (encrypted && legacyKey === undefined) throw refused(["legacyKey: needed to open encrypted tokens"]);
  const key = legacyKey === undefined ? null : pastedToken("legacyKey", legacyKey);
  const plain = (field: string, given: string | null | undefined) => {
    const opened = given == null ? null : key === null ? given : decryptLegacy(given, key.value);
    return opened === null ? null : pastedToken(field, opened);
  };
  const access = plain("accessToken", accessToken);
  const refresh = plain("refreshToken", refreshToken);
  return {
    ...{ ...order, encrypted, accessToken: access?.value ?? null, refreshToken: refresh?.value ?? null },
    warnings: [key, access, refresh].flatMap((each) => each?.warnings ?? []),
  };
}

/** Either field may say that the end is not known. That it never comes, and when it does, cannot both be meant. */
function withEnd<Order extends Pick<z.output<typeof importSchema>, "expiresAt" | "expiresIn">>(order: Order): Order {
  const { expiresAt, expiresIn } = order;
  if (expiresAt === "never" && expiresIn != null) {
    throw refused([`expiresAt: "never" contradicts expiresIn: leave one of them out`]);
  }
  return expiresAt === undefined && expiresIn === null ? { ...order, expiresAt: null } : order;
}

export const refused = (faults: readonly string[]) =>
  new EvertokenError("invalid_input", `the connection cannot be imported: ${faults.join("; ")}`);
