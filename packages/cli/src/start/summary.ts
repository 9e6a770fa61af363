import { formatDuration } from "@evertoken/adapters";
import { table } from "../table.ts";
import type { AppUrls } from "./addresses.ts";
import type { Databases } from "./databases.ts";
import type { DemoAccounts } from "./demo-accounts.ts";
import type { Narrator } from "./narrator.ts";

export interface Summary {
  readonly databases: Databases;
  readonly urls: AppUrls;
  readonly demoIssuer: string | null;
  /** `password` is null when the operator chose it. */
  readonly login: { readonly user: string; readonly password: string | null };
  /** The file that holds the API's first key; null when the operator chose the key. */
  readonly apiKeyIn: string | null;
  readonly accounts: DemoAccounts | null;
  readonly inYourDatabase: boolean;
}

/** What runs where, how to get in, and what will be seen next. */
export function summarize(narrator: Narrator, summary: Summary): void {
  const { databases, urls, demoIssuer, login, apiKeyIn, accounts } = summary;
  const services = [
    { name: "Postgres", where: databases.postgres, log: null },
    { name: "Redis", where: databases.redis, log: null },
    ...(demoIssuer === null ? [] : [{ name: "demo", where: demoIssuer, log: logOf("demo") }]),
    { name: "worker", where: `${urls.worker}/metrics`, log: logOf("worker") },
    { name: "scheduler", where: `${urls.scheduler}/metrics`, log: logOf("scheduler") },
    { name: "dashboard", where: urls.dashboard, log: logOf("dashboard") },
    { name: "api", where: urls.api, log: logOf("api") },
  ];
  const password = login.password ?? "the DASHBOARD_PASSWORD that you have set";
  const key = apiKeyIn === null ? "the EVERTOKEN_API_KEY that you have set" : `EVERTOKEN_API_KEY in ${apiKeyIn}`;
  const api = { url: urls.api, docsUrl: `${urls.api}/docs`, keyIn: apiKeyIn };
  narrator.event("ready", { services, login, api, demoIssuer, accounts }, [
    "",
    ...table(
      ["WHAT", "WHERE", "LOG"],
      services.map(({ name, where, log }) => [name, where, log]),
    ),
    "",
    `Dashboard: ${urls.dashboard}   user: ${login.user}   password: ${password}`,
    `API: ${api.docsUrl}   key: ${key}`,
    ...(accounts === null ? [] : [`Connect an account in the browser: ${accounts.connectUrl}`]),
    ...(accounts === null ? [] : describeAccounts(accounts, summary.inYourDatabase)),
    "Try: npx evertoken status, npx evertoken connections list, npx evertoken doctor. Ctrl-C stops everything.",
    "",
  ]);
}

const logOf = (name: string) => `.evertoken/logs/${name}.log`;

function describeAccounts({ connected, known, firstRefreshAt }: DemoAccounts, inYourDatabase: boolean): string[] {
  const lines = [`Demo accounts: ${connected} connected now, ${known} known from before.`];
  if (inYourDatabase) lines.push("They are in the database that you have given; --no-demo starts without them.");
  if (firstRefreshAt === null) return lines;
  const wait = firstRefreshAt.getTime() - Date.now();
  if (wait < 1000) return [...lines, "The first refreshes are due now:"];
  return [
    ...lines,
    `The first refresh is due in ${formatDuration(wait)}, at ${firstRefreshAt.toLocaleTimeString("en-GB")}:`,
  ];
}
