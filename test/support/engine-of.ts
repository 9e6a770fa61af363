import { createLogger, patient } from "@evertoken/adapters";
import { type Engine, openEngine, readSettings } from "@evertoken/engine/internal";
import type { Env } from "./rig.ts";
import { onFileEnd } from "./services.ts";

/** An engine in this process, as apps/api has one, with all that it logs. */
export function engineOf(env: Env): { engine: Engine; output: () => string } {
  let output = "";
  const write = (text: string) => {
    output += text;
  };
  const { config, providers } = readSettings(env, () => "");
  const logger = createLogger("test", "debug", { write });
  const engine = openEngine({ config, providers, logger, redis: patient, inJob: false });
  onFileEnd(() => engine.close());
  return { engine, output: () => output };
}
