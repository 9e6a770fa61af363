import { openQueues } from "@evertoken/engine/internal";
import { type ConnectRig, createConnectRig } from "../support/connect-rig.ts";
import { type Env, hasty } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import type { TokenServer } from "../support/token-server.ts";
import { openRedis, origin, startDashboard } from "./dashboard-harness.ts";

export const page = { origin, accept: "text/html" };

type Dashboard = Awaited<ReturnType<typeof startDashboard>>;
type Browser = Awaited<ReturnType<Dashboard["browserOf"]>>;

export interface DashboardRig extends ConnectRig {
  readonly dashboard: Dashboard;
  readonly operator: Browser;
  readonly viewer: Browser;
  /** A page as the operator gets it. */
  read(url: string): Promise<string>;
  /** Sends the form of an action from that browser's own page of the connection. */
  act(browser: Browser, id: string, action: string, fields?: Record<string, string>): ReturnType<Browser>;
}

/** A whole Evertoken with its dashboard, an operator and a viewer. */
export async function createDashboardRig(env: Env = {}, server?: TokenServer): Promise<DashboardRig> {
  const rig = await createConnectRig({ ...hasty, ...env }, server);
  await openQueues(rig.engine);
  const dashboard = await startDashboard(await openRedis(), { engine: rig.engine });
  onFileEnd(() => dashboard.close());
  const [operator, viewer] = [await dashboard.browserOf("olga"), await dashboard.browserOf("victor")];
  const formTokens = new Map<Browser, string>();
  return {
    ...{ ...rig, dashboard, operator, viewer },
    async read(url) {
      const answer = await operator("GET", url, page);
      if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}: ${answer.body}`);
      return answer.body;
    },
    async act(browser, id, action, fields = {}) {
      const known = formTokens.get(browser) ?? formTokenIn((await browser("GET", `/connections/${id}`, page)).body);
      formTokens.set(browser, known);
      return browser("POST", `/connections/${id}/${action}`, page, { form_token: known, ...fields });
    },
  };
}

const formTokenIn = (body: string): string => /name="form_token" value="([^"]+)"/.exec(body)?.[1] ?? "";
