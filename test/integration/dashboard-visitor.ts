import { expect } from "vitest";
import { origin, type startDashboard } from "./dashboard-harness.ts";

export const page = { origin, accept: "text/html", host: "dashboard.test" };
export const password = "lantern orchid gravel";
export type Dashboard = Awaited<ReturnType<typeof startDashboard>>;

export const cookieOf = (answer: { headers: Record<string, unknown> }) =>
  `${answer.headers["set-cookie"]}`.split(";", 1)[0] ?? "";

export async function logIn(dashboard: Dashboard, name: string, given = password): Promise<string> {
  const answer = await dashboard.login(name, given);
  expect([name, answer.statusCode]).toEqual([name, 303]);
  return cookieOf(answer);
}

export const statusOf = async ({ app }: Dashboard, cookie: string) =>
  (await app.inject({ url: "/queues/api/queues", headers: { cookie } })).statusCode;

export const post = ({ app }: Dashboard, url: string, cookie: string, form: Record<string, string> = {}) =>
  app.inject({
    ...{ method: "POST", url, payload: new URLSearchParams(form).toString() },
    headers: { ...page, cookie, "content-type": "application/x-www-form-urlencoded" },
  });

export const accountOf = async ({ app }: Dashboard, cookie: string) =>
  (await app.inject({ url: "/account", headers: { ...page, cookie } })).body;

export const fieldIn = (body: string, name: string) =>
  new RegExp(`name="${name}" value="([^"]+)"`).exec(body)?.[1] ?? "";

/** The key of a second factor that a page offers. */
export const keyIn = (body: string) => /<p class="code">([A-Z2-7]+)<\/p>/.exec(body)?.[1] ?? "";
