import { type Env, nearSetting, readConfig, recordNames } from "@evertoken/adapters";

/** Of the settings of an engine inside an app. */
export const prefix = "EVERTOKEN_";

/** Read by the proxy agents, and by apps that use the client too. */
const readElsewhere = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "URL", "KEY", "WEBHOOK_SECRET"];

/**
 * The settings under our prefix that nothing reads, each with the one that was probably meant. Those of our processes are known too: apps
 * may share the file in which they stand.
 *
 * @param asked the names that the engine and its providers asked for, which have no prefix
 */
export function unknownSettings(env: Env, asked: ReadonlySet<string>): string[] {
  const known = new Set([...asked, ...namesOfProcesses(), ...readElsewhere]);
  const isKnown = (name: string) => known.has(name) || known.has(name.slice(prefix.length));
  const unknown = Object.keys(env).filter((name) => name.startsWith(prefix) && isSet(env, name) && !isKnown(name));
  return unknown.map((name) => {
    const near = nearSetting(name.slice(prefix.length), known);
    return `${name} is not known, and nothing reads it${near === null ? "" : `: did you mean ${withPrefix(near)}?`}`;
  });
}

function namesOfProcesses(): ReadonlySet<string> {
  const asked = recordNames({});
  readConfig(asked.env, () => "");
  return asked.names;
}

const withPrefix = (name: string) => (name.startsWith(prefix) ? name : `${prefix}${name}`);

const isSet = (env: Env, name: string) => (env[name] ?? "").trim() !== "";
