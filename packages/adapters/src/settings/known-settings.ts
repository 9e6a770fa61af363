import { nearName } from "../near-name.ts";
import type { Env } from "./settings-reader.ts";

/** An environment that remembers which settings it was asked for: what no reader asks for is not known. */
export function recordNames(env: Env): { readonly env: Env; readonly names: ReadonlySet<string> } {
  const names = new Set<string>();
  const recorded = new Proxy(env, {
    get(target, name) {
      if (typeof name === "string") names.add(name);
      return Reflect.get(target, name);
    },
  });
  return { env: recorded, names };
}

/**
 * The setting that was meant. Two letters may differ, in names of 8 to 12 letters one, and none in shorter ones: others' programs have
 * settings too, such as APP_PORT and DATABASE_PORT.
 */
export function nearSetting(name: string, known: Iterable<string>): string | null {
  return nearName(name, known, Math.min(2, Math.floor((name.replaceAll("_", "").length - 3) / 5)));
}
