import type { DemoProviderOptions } from "./start-demo-provider.ts";

export type DemoConfig = { options: DemoProviderOptions; faults: string[] };

/**
 * Reads the demo's settings and reports all faults together.
 *
 * @param env such as `process.env`
 */
export function readDemoConfig(env: Readonly<Record<string, string | undefined>>): DemoConfig {
  const faults: string[] = [];
  const integer = (name: string, preset: number, min: number, max: number): number => {
    const value = Number(env[name] || preset);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    faults.push(`${name} must be a whole number from ${min} to ${max}`);
    return preset;
  };
  const redirectUris = (env.DEMO_REDIRECT_URIS || "http://127.0.0.1:3000/callback").split(",").map((uri) => uri.trim());
  for (const uri of redirectUris) {
    if (!URL.canParse(uri)) faults.push(`DEMO_REDIRECT_URIS has an entry that is no address: ${uri}`);
  }
  const options: DemoProviderOptions = {
    port: integer("DEMO_PORT", 9400, 0, 65_535),
    host: env.DEMO_HOST || "127.0.0.1",
    dataFile: env.DEMO_DATA_FILE || ".evertoken/demo.sqlite",
    accessTokenTtlSeconds: integer("DEMO_ACCESS_TOKEN_TTL_SECONDS", 120, 1, 86_400),
    clientId: env.DEMO_CLIENT_ID || "evertoken-demo",
    clientSecret: env.DEMO_CLIENT_SECRET || "",
    redirectUris,
  };
  if (options.clientSecret === "") faults.push("DEMO_CLIENT_SECRET is missing");
  return { options: Object.freeze(options), faults };
}
