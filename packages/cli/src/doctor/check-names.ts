import { type Env, nearSetting } from "@evertoken/adapters";
import { type Finding, warn } from "./finding.ts";

/** The names that the readers asked for. */
interface Asked {
  readonly shared: ReadonlySet<string>;
  readonly ofProviders: ReadonlySet<string>;
}

/**
 * Settings that nothing reads and that look like one of ours: of the settings that processes share, and of the providers of which something
 * is set. The rest of an environment belongs to other programs.
 */
export function checkNames(env: Env, { shared, ofProviders }: Asked, prefixes: readonly string[]): Finding[] {
  const set = Object.keys(env).filter((name) => (env[name] ?? "").trim() !== "");
  const configured = prefixes.filter((prefix) =>
    set.some((name) => ofProviders.has(name) && name.startsWith(`${prefix}_`)),
  );
  const known = [...ofProviders].filter((name) => configured.some((prefix) => name.startsWith(`${prefix}_`)));
  return set.flatMap((name) => {
    if (shared.has(name) || ofProviders.has(name)) return [];
    const near = nearSetting(name, [...shared, ...known]);
    if (near === null) return [];
    return [warn("settings", `${name} is set, and nothing of ours reads it`, `did you mean ${near}?`)];
  });
}
