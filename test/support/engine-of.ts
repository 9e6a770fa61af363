import { readFileSync } from "node:fs";
import { createLogger, impatient, patient } from "@evertoken/adapters";
import { type Engine, openEngine, readSettings } from "@evertoken/engine/internal";
import type { Env } from "./rig.ts";
import { onFileEnd } from "./services.ts";

export interface TestEngine {
  readonly engine: Engine;
  readonly logger: ReturnType<typeof createLogger>;
  /** All that it has logged. */
  output(): string;
}

/** An engine in this process; `impatient` as apps/api has one, `patient` as workers do. */
export function engineOf(env: Env, waits: "patient" | "impatient" = "patient"): TestEngine {
  let output = "";
  const write = (text: string) => {
    output += text;
  };
  const settings = readSettings(env, (path) => readFileSync(path, "utf8"));
  const logger = createLogger("engine", "trace", { write });
  const redis = waits === "patient" ? patient : impatient;
  const engine = openEngine({ ...settings, logger, redis, inJob: false, proxyEnv: {} });
  onFileEnd(() => engine.close());
  return { engine, logger, output: () => output };
}
