import type { Outcome } from "@evertoken/core";
import type { z } from "zod";
import { endpointsOf } from "./addresses.ts";
import { isPrivateAddress } from "./private-address.ts";
import { providerSchema } from "./provider-schema.ts";
import type { ReadBody } from "./read-body.ts";

/** An answer as an odd provider's own `readAnswer` gets it. */
export interface ReadResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ReadBody;
}

/** Everything that makes one provider different from the next, as data. */
export type Provider = z.output<typeof providerSchema> & {
  /** For what data cannot say. Pure. null: judge it in the usual way. A granted answer never gets here. */
  readonly readAnswer?: ((response: ReadResponse) => Outcome | null) | undefined;
};

/** What a provider's file states; the rest has defaults. */
export type ProviderInput = z.input<typeof providerSchema> & Pick<Provider, "readAnswer">;

/** A provider's file is wrong. The message names the file (by the provider's id) and each field. */
export class ProviderFault extends Error {
  readonly code = "ERR_PROVIDER_FILE";
}

/** Checks a provider's file and fills in the defaults. Throws {@link ProviderFault}. */
export function defineProvider(input: ProviderInput): Provider {
  const { readAnswer, ...data } = input;
  const faults = findFaults(data);
  if (faults.length > 0) throw new ProviderFault(faults.join("\n"));
  return Object.freeze({ ...providerSchema.parse(data), readAnswer });
}

/** The faults of a provider definition, one line each: `<id>: <field>: <what is wrong>`. */
export function findFaults(input: unknown): string[] {
  const id = typeof input === "object" && input !== null && "id" in input ? String(input.id) : "(no id)";
  const parsed = providerSchema.safeParse(input);
  if (!parsed.success) {
    return parsed.error.issues.map((issue) => `${id}: ${issue.path.join(".") || "(file)"}: ${issue.message}`);
  }
  return contradictions(parsed.data).map((fault) => `${id}: ${fault}`);
}

function contradictions(provider: z.output<typeof providerSchema>): string[] {
  const faults: string[] = [];
  const refreshes = provider.policy.spends !== "nothing";
  if (refreshes && provider.tokenUrl === null && provider.refresh.url === undefined && provider.issuer === null) {
    faults.push("tokenUrl: needed (or issuer), because policy.spends says that its tokens are refreshed");
  }
  if (refreshes && provider.policy.lifetimeSeconds === null && provider.authType !== "oauth2") {
    faults.push("policy.spends: must be nothing for a type that is never refreshed");
  }
  const known = new Set([...Object.keys(provider.placeholders), "token", "client_id"]);
  const metadata = new Set([
    ...Object.keys(provider.placeholders),
    ...provider.answer.keep,
    ...provider.keepFromRedirect,
  ]);
  for (const [, name = ""] of [provider.identity?.id ?? []]
    .flat()
    .join()
    .matchAll(/\{([^}]*)\}/g)) {
    if (metadata.has(name) || provider.answer.inToken?.includes(`(?<${name}>`) === true) continue;
    faults.push(`identity.id: {${name}} is in none of placeholders, answer.keep, answer.inToken and keepFromRedirect`);
  }
  for (const [field, url] of endpointsOf(provider)) {
    for (const [, name] of url.matchAll(/\{([a-z_]+)\}/g)) {
      if (name !== undefined && !known.has(name)) faults.push(`${field}: {${name}} has no entry in placeholders`);
    }
  }
  return faults;
}

/**
 * Endpoints to which nothing may be sent, where private addresses are not allowed: secrets travel over https, to public hosts. Names
 * are judged when they are looked up.
 */
export function findUnsafeEndpoints(provider: Provider): string[] {
  const urls: [string, string][] = [
    ...endpointsOf(provider),
    ...(provider.issuer === null ? [] : [["issuer", provider.issuer] as [string, string]]),
  ];
  return urls.flatMap(([field, url]) => {
    const filled = url.replaceAll(/\{[a-z_]+\}/g, "x");
    if (!filled.startsWith("https:")) return [`${field}: must be https://`];
    return isPrivateAddress(new URL(filled).hostname) ? [`${field}: is a private address`] : [];
  });
}
