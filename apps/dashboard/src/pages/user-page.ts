import {
  connectionsOfUser,
  type ListedConnection,
  type LoggedAttempt,
  listAttempts,
  listedByIds,
} from "@evertoken/adapters";
import { shownStatus } from "@evertoken/core";
import { withStore } from "@evertoken/engine/internal";
import { type Html, html } from "@evertoken/operations";
import type { PageContext } from "./context.ts";
import { notUnderstood, PageFault } from "./fault.ts";
import { count, dash, pill, relative, statusPill, words } from "./format.ts";
import { logAddress } from "./log-query.ts";
import { outcomeTone } from "./outcome-tone.ts";

export interface UserPage {
  readonly now: Date;
  readonly userId: string;
  /** What stands for the user in logs and in the audit log. */
  readonly hash: string;
  readonly connections: readonly ListedConnection[];
  readonly attempts: readonly LoggedAttempt[];
  readonly nameOf: (provider: string) => string;
}

const attemptsShown = 20;

export const userAddress = (userId: string): string => `/user?${new URLSearchParams({ id: userId })}`;

/** All that is known of one user of the app: by its own id for them. @throws {PageFault} 400, 404 */
export async function readUser({ engine }: PageContext, query: unknown): Promise<UserPage> {
  const { id: userId, ...others } = (query ?? {}) as Record<string, unknown>;
  if (Object.keys(others).length > 0) throw notUnderstood("There is one thing to ask for here: id, the id of a user.");
  if (
    typeof userId !== "string" ||
    userId === "" ||
    userId.length > 512 ||
    userId.includes("\0") ||
    !userId.isWellFormed()
  )
    throw notUnderstood('"id" has to be the id of a user: a text of up to 512 characters.');
  const now = new Date();
  const ids = await withStore(() => connectionsOfUser(engine.pool, userId));
  if (ids.length === 0) throw new PageFault(404, "Not found", "This user has no connection here.");
  const since = new Date(now.getTime() - 30 * 86_400_000);
  const [connections, { attempts }] = await withStore(() =>
    Promise.all([
      listedByIds(engine.pool, ids),
      listAttempts(engine.pool, { since, until: new Date(now.getTime() + 60_000), connectionIds: ids }, attemptsShown),
    ]),
  );
  const nameOf = (provider: string) => engine.providers.get(provider)?.provider.name ?? provider;
  return { now, userId, hash: engine.users.hash(userId), connections, attempts, nameOf };
}

export function userPage({ now, userId, hash, connections, attempts, nameOf }: UserPage): Html {
  const unusable = connections.filter(
    ({ status, expires_at: end }) => status !== "disconnected" && end !== null && end <= now,
  );
  return html`<div class="head"><h1>${userId}</h1><span class="dim">user, in logs <span class="code">${hash}</span></span></div>
<p class="banner ${unusable.length === 0 ? "ok" : "bad"}">${unusable.length === 0 ? "Can use every connection." : `Cannot use ${count(unusable.length)} of ${count(connections.length)} connections now.`}</p>
<section class="card"><div class="scroll"><table class="stack"><caption>Connections</caption>
<thead><tr><th scope="col">Account</th><th scope="col">Provider</th><th scope="col">Status</th><th scope="col">Token ends</th><th scope="col">Last refresh</th><th scope="col">Next refresh</th></tr></thead>
<tbody>${connections.map((each) => connection(each, nameOf(each.provider), now))}</tbody></table></div></section>
<section class="card"><div class="head"><h2>Last attempts</h2><div class="side small"><a href="${logAddress("/log", { user: userId, range: "30d" })}">All in the log</a></div></div>
${attempts.length === 0 ? html`<p class="dim">None in 30 days.</p>` : html`<ol class="line">${attempts.map((each) => attempt(each, nameOf(each.provider), now))}</ol>`}</section>`;
}

const connection = (c: ListedConnection, provider: string, now: Date): Html =>
  html`<tr><th scope="row" class="any"><a href="/connections/${c.id}">${c.display_name ?? c.external_account_id}</a></th><td data-label="Provider">${provider}</td>
<td data-label="Status">${statusPill(shownStatus(c.status, c.expires_at, now))}${c.last_error_code === null ? null : html` <span class="small dim">${words(c.last_error_code)}</span>`}</td>
<td data-label="Token ends" class="nowrap">${relative(c.expires_at, now, "never")}</td><td data-label="Last refresh" class="nowrap">${relative(c.last_refresh_at, now)}</td>
<td data-label="Next refresh" class="nowrap">${relative(c.next_refresh_at, now)}</td></tr>`;

const attempt = (
  { id, at, outcome, connection_id, name, error_code, message }: LoggedAttempt,
  provider: string,
  now: Date,
): Html =>
  html`<li data-entry="${id}"><div>${relative(at, now)}</div><div>${pill(words(outcome), outcomeTone(outcome))} <a href="/connections/${connection_id}">${name ?? connection_id.slice(0, 8)}</a> at ${provider}
<span class="small dim">${error_code === null ? dash : words(error_code)}</span>${message === null ? null : html`<p class="small any">${message}</p>`}</div></li>`;
