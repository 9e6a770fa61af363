/** A row as its system wrote it: an object of JSON, or a line of CSV under the names of its header. */
export type Raw = Readonly<Record<string, unknown>>;

/** What is read from a row. `expiresIn` counts from `obtainedAt`; without that it says nothing. Only the client of `clientId` can refresh. */
export const fields = [
  ...(["userId", "provider", "externalAccountId", "displayName", "userEmail", "accessToken", "refreshToken"] as const),
  ...([
    "tokenType",
    "scopes",
    "expiresAt",
    "expiresIn",
    "obtainedAt",
    "refreshTokenExpiresAt",
    "clientId",
    "tags",
  ] as const),
];

export type Field = (typeof fields)[number];

/** What is known of a row when its provider's name is translated. */
export interface NamedGrant {
  readonly scopes: readonly string[];
  readonly refreshes: boolean;
}

/** Our name of a provider, or how to tell it from the grant; null: it does not tell. */
export type OurName = string | ((grant: NamedGrant) => string | null);

/**
 * A system that accounts may come from. One file of this directory each, which exports one by default; a new source is a new file, nothing
 * else.
 */
export interface ImportSource {
  /** As `--from` names it; the file's name as well. */
  readonly id: string;
  readonly name: string;
  /** Where the shape of its rows is stated. */
  readonly docs: readonly string[];
  readonly formats: readonly ("json" | "csv" | "rclone")[];
  /** Fields that every row of it has, `a|b` for either, `@field` for wherever we read that: a file without them comes from elsewhere. */
  readonly marks: readonly string[];
  /** How a column's name is written here; left out: as it stands. */
  readonly header?: (name: string) => string;
  /** Where each field stands: the first of the dotted paths that is there and not empty. `id_token#sub` is a claim of a JWT. */
  readonly fields: Partial<Readonly<Record<Field, readonly string[]>>>;
  /** Facts that requests to a provider of ours need, by its id. */
  readonly metadata?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  /** Fields that are known and not needed here. */
  readonly leaves?: readonly string[];
  /** Its names of providers, where they are neither ours nor in `shared/provider-names.ts`. */
  readonly providers?: Readonly<Record<string, OurName>>;
  /** Where a document holds its rows, such as an answer of its API. */
  readonly list?: string;
  /** What `--key-file` holds for this source; left out: nothing of it is encrypted in a public form. */
  readonly key?: string;
  /** Opens what is encrypted in a row. @throws {NeedsKey} and {@link WrongKey} */
  readonly open?: (raw: Raw, key: string | null) => Raw;
  /** Why a row is no grant and is passed over, such as a sign-in by password; null: it is one. */
  readonly passes?: (raw: Raw) => string | null;
}

export class NeedsKey extends Error {}
export class WrongKey extends Error {}

export const defineSource = (source: ImportSource): ImportSource => source;
