import type { Env } from "@evertoken/adapters";
import { isGiven } from "../environment.ts";

/** Where the API of this machine is reached, for browsers as well. */
export interface ApiSettings {
  readonly publicUrl: string;
  /** Where it takes answers of authorization servers: that of the connect page, and that of the API. */
  readonly callbacks: readonly string[];
  /** As far as the operator has not given them. */
  readonly settings: Readonly<Record<string, string>>;
}

/** @param asked the PUBLIC_URL that the operator has given, such as that of a tunnel to this machine */
export function apiSettings(given: Env, asked: string | null, url: string): ApiSettings {
  const publicUrl = asked ?? url;
  const settings = { PUBLIC_URL: publicUrl, RETURN_URL_ALLOWLIST: new URL(publicUrl).origin };
  return {
    publicUrl,
    callbacks: [`${publicUrl}/connect/callback`, `${publicUrl}/v1/connect/callback`],
    settings: Object.fromEntries(Object.entries(settings).filter(([name]) => !isGiven(given, name))),
  };
}
