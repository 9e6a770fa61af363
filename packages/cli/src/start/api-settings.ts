import type { Env } from "@evertoken/adapters";
import { isGiven } from "../environment.ts";

/** Where the API of this machine is reached, for browsers as well. */
export interface ApiSettings {
  readonly publicUrl: string;
  /** Where it takes answers of the demo's authorization server: its own callback, and those that providers may share. */
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
    callbacks: ["/connect/callback/demo", "/connect/callback", "/v1/connect/callback"].map((path) => publicUrl + path),
    settings: Object.fromEntries(Object.entries(settings).filter(([name]) => !isGiven(given, name))),
  };
}
