import type { Config, Env } from "@evertoken/adapters";
import { choosePort } from "./ports.ts";

export type AppUrls = Readonly<Record<"worker" | "scheduler" | "dashboard" | "api", string>>;

export interface Addresses {
  /** DASHBOARD_PORT and its like, for the apps. */
  readonly ports: Readonly<Record<string, string>>;
  readonly urls: AppUrls;
  readonly demoPort: number;
}

/** A port for each app, chosen before any is started: they are told of one another. */
export async function chooseAddresses(
  given: Env,
  config: Config,
  withDemo: boolean,
  say: (line: string) => void,
): Promise<Addresses> {
  const { healthHost, dashboard, api } = config;
  const wishes = {
    dashboard: { name: "DASHBOARD_PORT", host: dashboard.host, fallback: 3010 },
    worker: { name: "WORKER_PORT", host: healthHost, fallback: 3011 },
    scheduler: { name: "SCHEDULER_PORT", host: healthHost, fallback: 3012 },
    api: { name: "API_PORT", host: api.host, fallback: 3013 },
    ...(withDemo ? { demo: { name: "DEMO_PORT", host: "127.0.0.1", fallback: 9400 } } : {}),
  };
  const ports: Record<string, string> = {};
  const urls: Record<string, string> = {};
  for (const [app, wish] of Object.entries(wishes)) {
    const port = await choosePort(given, wish, say);
    ports[wish.name] = String(port);
    urls[app] = urlOf(wish.host, port);
  }
  return { ports, urls: urls as AppUrls, demoPort: Number(ports.DEMO_PORT) };
}

function urlOf(host: string, port: number): string {
  const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}
