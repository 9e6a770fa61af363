import {
  defineProvider,
  endpointsOf,
  fillSentValues,
  findFaults,
  type PlainProvider,
  type ProviderInput,
  plainDefinition,
  plainProvider,
  type SentValues,
  sentValue,
} from "@evertoken/providers";
import { z } from "zod";
import { isStorable } from "../connect/is-storable.ts";
import { pastedSecret, takenOff } from "../connect/pasted-field.ts";
import { EvertokenError } from "../evertoken-error.ts";

const source = plainProvider.extend({
  id: z.string().max(64, "has more than 64 characters"),
  /** A whole definition, as a providers file states it, in place of the few words. */
  definition: z.record(z.string(), z.unknown()).optional(),
  clientId: pastedSecret.optional(),
  /** null: a public client. */
  clientSecret: pastedSecret.nullish(),
});

/** What somebody has to say of a provider: an issuer or the endpoints, or a whole definition; and our registration there. */
export type ProviderSource = PlainProvider & {
  readonly id: string;
  readonly definition?: Readonly<Record<string, unknown>>;
  readonly clientId?: string;
  readonly clientSecret?: string | null;
};

/** A provider as it was stated: well formed, and nobody was asked yet. */
export interface StatedProvider {
  readonly id: string;
  /** Values of headers and parameters may be marked as staying what is stored: see {@link withStoredValues}. */
  readonly definition: Readonly<Record<string, unknown>>;
  /** undefined: none was given. A secret that was left out is undefined as well. */
  readonly client: { readonly id: string; readonly secret: string | null | undefined } | undefined;
  /** What was taken off the client's id and secret. */
  readonly warnings: readonly string[];
}

/** @throws {EvertokenError} `invalid_input`, which names fields and never a value */
export function readSource(input: unknown): StatedProvider {
  const parsed = source.safeParse(input);
  if (!parsed.success) {
    throw refused(parsed.error.issues.map((issue) => `${nameOf(issue)}: ${issue.message}`));
  }
  const { id, definition: whole, clientId, clientSecret, ...plain } = parsed.data;
  const words = Object.keys(plain);
  const definition = whole === undefined ? plainDefinition(id, plain) : { id, ...whole };
  const filled = fillSentValues(definition, () => "");
  const faults = [
    ...(whole !== undefined && words.length > 0 ? [`definition: goes without ${words.join(", ")}`] : []),
    ...(definition.id === id ? [] : ["definition.id: is another id"]),
    ...(clientSecret !== undefined && clientId === undefined ? ["clientSecret: needs clientId"] : []),
    ...endpointsOf(filled).flatMap(([field, url]) => (holdsPassword(url) ? [`${field}: ${noPassword}`] : [])),
    ...(allStorable(definition) ? [] : ["definition: has characters that cannot be stored"]),
    ...findFaults(filled).map((fault) => fault.slice(fault.indexOf(": ") + 2)),
  ];
  if (faults.length > 0) throw refused(faults);
  const provider = defineProvider(filled as ProviderInput);
  if (provider.issuer !== null && !/^https?:\/\//.test(provider.issuer))
    throw refused(["issuer: must start with https://"]);
  if (clientId !== undefined && provider.authType !== "oauth2") {
    throw refused([`clientId: goes with a provider of the type oauth2, not ${provider.authType}`]);
  }
  const client = clientId === undefined ? undefined : { id: clientId, secret: clientSecret };
  const given = input as ProviderSource;
  const warnings = takenOff({ clientId: given.clientId, clientSecret: given.clientSecret });
  return { id, definition, client, warnings };
}

/** @returns the definition with the values that are to stay, and which these are. @throws {EvertokenError} for one that is not stored */
export function withStoredValues(
  stated: StatedProvider,
  values: SentValues,
): { readonly whole: StatedProvider; readonly kept: readonly string[] } {
  const [kept, missing]: [string[], string[]] = [[], []];
  const definition = fillSentValues(stated.definition, (path, name) => {
    const value = sentValue(values, path, name);
    (value === undefined ? missing : kept).push(`${path}.${name}`);
    return value;
  });
  if (missing.length > 0) throw refused(missing.map((field) => `${field}: needs a value, none is stored`));
  return { whole: { ...stated, definition }, kept };
}

export function refused(faults: readonly string[]): EvertokenError {
  return new EvertokenError("invalid_input", `the provider cannot be stored: ${[...new Set(faults)].join("; ")}`);
}

/** A field that is not known comes by its own name, which may be anything. */
function nameOf(issue: z.core.$ZodIssue): string {
  const keys = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  return [...issue.path, ...keys].filter((part) => /^[\w-]{1,40}$/.test(String(part))).join(".") || "input";
}

/** An address is shown to whoever may see the provider. */
const noPassword = "may not hold a user name or password: a header may, and is encrypted";

function holdsPassword(url: string): boolean {
  const { username, password } = URL.parse(url.replaceAll(/\{[a-z_]+\}/g, "x")) ?? { username: "", password: "" };
  return username !== "" || password !== "";
}

/** Postgres takes neither NUL nor half of a surrogate pair, in a key as little as in a value. */
function allStorable(value: unknown): boolean {
  if (typeof value === "string") return isStorable(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, content]) => isStorable(key) && allStorable(content));
}
