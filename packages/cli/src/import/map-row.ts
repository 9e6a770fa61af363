import type { ImportInput } from "@evertoken/engine";
import { type Field, type ImportSource, NeedsKey, type Raw } from "../import-sources/source.ts";
import { firstOf, isObject, lookUp, unfoldAll } from "./look-up.ts";
import { readTime } from "./read-time.ts";

export interface Mapping {
  readonly source: ImportSource;
  /** Of the operator: where else a field stands. */
  readonly extra: ReadonlyMap<Field, string>;
  readonly key: string | null;
  /** Whose the accounts are, where the source does not say, or in place of what it says. */
  readonly userId: string | null;
}

/** A row in our words. Its provider is still called as it is there. */
export interface MappedRow {
  readonly kind: "grant";
  readonly raw: Raw;
  readonly theirProvider: string;
  readonly clientId: string | null;
  /** It does not say when its access token ends. */
  readonly endUnknown: boolean;
  readonly input: Omit<ImportInput, "provider">;
}

export type Mapped =
  | MappedRow
  | { readonly kind: "passed"; readonly why: string }
  | { readonly kind: "fault"; readonly message: string };

const fault = (message: string): Mapped => ({ kind: "fault", message });

export function mapRow(value: unknown, mapping: Mapping): Mapped {
  const { source } = mapping;
  if (!isObject(value)) return fault(`this is no row of ${source.name}`);
  const missing = source.marks.find((mark) => !isMarked(value, mark, mapping));
  if (missing !== undefined) {
    const fields = missing.split("|").map((name) => name.replace("@", ""));
    return fault(`this is no row of ${source.name}: it has no ${fields.join(" or ")}`);
  }
  let raw: Raw = unfoldAll(value);
  try {
    raw = source.open?.(raw, mapping.key) ?? raw;
  } catch (error) {
    if (error instanceof NeedsKey) return fault(`its tokens are encrypted: give ${source.key} with --key-file`);
    return fault("its tokens do not open with the key, or were altered");
  }
  const why = source.passes?.(raw) ?? null;
  return why === null ? toGrant(raw, mapping) : { kind: "passed", why };
}

export function isMarked(raw: Raw, mark: string, mapping: Pick<Mapping, "source" | "extra">): boolean {
  return mark.split("|").some((name) => {
    const paths = name.startsWith("@") ? pathsOf(name.slice(1) as Field, mapping) : [name];
    return paths.some((path) => lookUp(raw, path) !== undefined);
  });
}

function pathsOf(field: Field, { source, extra }: Pick<Mapping, "source" | "extra">): readonly string[] {
  const own = source.fields[field] ?? [];
  const given = extra.get(field);
  return given === undefined ? own : [given, ...own];
}

function toGrant(raw: Raw, mapping: Mapping): Mapped {
  const faults: string[] = [];
  const find = (field: Field) => firstOf(raw, pathsOf(field, mapping));
  const text = (field: Field): string | null => {
    const found = find(field);
    if (found === undefined) return null;
    if (typeof found === "string") return found.trim() === "" ? null : found;
    if (typeof found === "number" || typeof found === "bigint") return String(found);
    faults.push(`${field}: is neither text nor a number`);
    return null;
  };
  const time = (field: Field): Date | null => {
    const read = readTime(find(field));
    if ("time" in read) return read.time;
    faults.push(`${field}: ${read.fault}`);
    return null;
  };
  const [accessToken, refreshToken] = [text("accessToken"), text("refreshToken")];
  const userId = mapping.userId ?? text("userId");
  const seconds = Number(find("expiresIn") ?? Number.NaN);
  const obtainedAt = time("obtainedAt");
  const stated = time("expiresAt");
  const counted = obtainedAt === null || !(seconds > 0) ? null : new Date(obtainedAt.getTime() + seconds * 1000);
  const expiresAt = stated ?? counted;
  if (userId === null) faults.push("userId: it does not say whose account this is: give --user");
  if (accessToken === null && refreshToken === null) faults.push("accessToken: it holds neither token");
  const row: MappedRow = {
    ...{ kind: "grant", raw, theirProvider: text("provider") ?? "", clientId: text("clientId") },
    endUnknown: expiresAt === null,
    input: {
      ...{ userId: userId ?? "", accessToken, refreshToken },
      externalAccountId: text("externalAccountId"),
      displayName: text("displayName")?.slice(0, 512) ?? null,
      userEmail: mailOf(text("userEmail")),
      tokenType: text("tokenType"),
      scopes: scopesOf(find("scopes")),
      tags: scopesOf(find("tags")),
      refreshTokenExpiresAt: time("refreshTokenExpiresAt"),
      // Without a refresh token nobody can look: then the provider's documented lifetime has to do.
      ...(expiresAt === null && refreshToken === null ? {} : { expiresAt }),
    },
  };
  return faults.length > 0 ? fault(faults.join("; ")) : row;
}

/** A list, or text with spaces, commas or both between them; a list may stand in text as JSON or as an array of Postgres. */
export function scopesOf(given: unknown): string[] {
  const list = Array.isArray(given)
    ? given
    : typeof given === "string"
      ? given.replaceAll(/["{}[\]]/g, " ").split(/[\s,]+/)
      : [];
  return [...new Set(list.filter((scope): scope is string => typeof scope === "string" && scope !== ""))];
}

/** What is no address is left out: nobody would lose a grant over it. */
const mailOf = (text: string | null) => (text !== null && /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(text) ? text : null);

/** What requests to this provider are made of. */
export function metadataOf({ raw }: MappedRow, provider: string, { source }: Mapping): Record<string, string> {
  const wanted = Object.entries(source.metadata?.[provider] ?? {});
  return Object.fromEntries(
    wanted.flatMap(([name, paths]) => {
      const found = firstOf(raw, paths);
      return typeof found === "string" ? [[name, found]] : [];
    }),
  );
}
