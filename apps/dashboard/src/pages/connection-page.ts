import { mostChildren, type Relative } from "@evertoken/adapters";
import type { ErrorCode } from "@evertoken/core";
import { failureAdvice } from "@evertoken/core";
import { type Html, html, type Role } from "@evertoken/operations";
import { boardPrefix } from "../access.ts";
import { actions } from "./actions-form.ts";
import { note } from "./attention.ts";
import { type BannerCode, banners } from "./banners.ts";
import { bothTimes, dash, pill, relative, statusPill, type Tone, words } from "./format.ts";
import { logAddress } from "./log-query.ts";
import { liveToggle } from "./page.ts";
import { type ConnectionDetails, writePlace } from "./read-connection.ts";
import { tagLinks } from "./tag-links.ts";
import { timelineList } from "./timeline-list.ts";
import { userAddress } from "./user-page.ts";

export interface ConnectionPage {
  readonly details: ConnectionDetails;
  readonly role: Role;
  readonly formToken: string;
  readonly banner: BannerCode | null;
}

export function connectionPage({ details, role, formToken, banner }: ConnectionPage): Html {
  const { connection: c, providerName, now, troubles, outages, timeline, earlier } = details;
  const told = banner === null ? null : banners[banner];
  return html`<div class="head"><h1>${c.displayName ?? c.externalAccountId}</h1>${statusPill(c.status)}<span class="dim">${providerName}</span>
<div class="side">${earlier ? null : liveToggle}</div></div>
${told === null ? null : html`<p class="banner ${told.tone}" role="status">${told.text}</p>`}
<div id="trouble" class="notes" data-part>${troubles.map((trouble) => note(trouble, outages, { now, formToken: role === "operator" ? formToken : null }))}
${failure(details)}</div>
${role === "operator" ? actions(c, formToken) : null}
<div id="facts" data-part><div class="two"><section class="card" aria-labelledby="token"><h2 id="token">Token</h2>${tokenFacts(details)}</section>
<section class="card" aria-labelledby="account"><h2 id="account">Account</h2>${accountFacts(details)}</section></div></div>
<section class="card" aria-labelledby="history"><div class="head"><h2 id="history">Timeline</h2><div class="side small"><a href="${logAddress("/log", { connection: c.id, range: "30d" })}">Its attempts in the log</a></div></div>
<div id="entries"${earlier ? null : html` data-part`}>${timelineList(timeline.entries, now)}</div>
<nav class="pages" aria-label="Pages of the timeline">${earlier ? html`<a class="button quiet" href="/connections/${c.id}">Newest</a>` : null}
${timeline.next === null ? null : html`<a class="button quiet" rel="next" href="/connections/${c.id}?before=${writePlace(timeline.next)}">Earlier</a>`}</nav></section>`;
}

function failure({ connection: c, now }: ConnectionDetails): Html | null {
  if (c.lastErrorCode === null) return null;
  const todo =
    failureAdvice(c.lastErrorCode as ErrorCode) ?? advice[c.status] ?? "Nothing: it is tried again by itself.";
  const since =
    c.failingSince === null ? null : html` since ${relative(c.failingSince, now)} (${c.consecutiveFailures} in a row)`;
  return html`<div class="banner ${c.status === "connected" ? "warn" : "bad"}"><b>${words(c.lastErrorCode)}${since}</b>
${c.lastErrorMessage === null ? null : html`<p>${c.lastErrorMessage}</p>`}<p>What to do: ${todo}</p>
<p class="small"><a href="${logAddress("/log/connections", { provider: c.provider, code: c.lastErrorCode, outcome: "failed" })}">Others with this code</a></p></div>`;
}

/** Where the code alone does not say it. */
const advice: Readonly<Record<string, string>> = {
  needs_reauth: "Only the user can help, by connecting the account again: send the reconnect link.",
  disconnected: "Nothing: the account was disconnected.",
};

const tokenTones: Readonly<Record<string, Tone>> = {
  valid: "ok",
  expiring_soon: "warn",
  expired: "bad",
  no_expiry_set: "off",
};

const fact = (name: string, value: Html | string | number): Html => html`<dt>${name}</dt><dd>${value}</dd>`;

function tokenFacts({ connection: c, token, surroundings: { lease }, now }: ConnectionDetails): Html {
  return html`<dl class="facts">
${fact("Access token", pill(words(token.token), tokenTones[token.token] ?? "off"))}
${fact("Ends", bothTimes(c.expiresAt, now, "never"))}
${fact("Refresh token ends", bothTimes(c.refreshTokenExpiresAt, now, "not known, or never"))}
${c.grantEndsAt === null ? null : fact("Consent ends", bothTimes(c.grantEndsAt, now))}
${fact("Last refresh", bothTimes(c.lastRefreshAt, now, "never"))}
${fact("Next refresh", bothTimes(c.nextRefreshAt, now, "none is needed"))}
${c.notBefore === null ? null : fact("Not before", bothTimes(c.notBefore, now))}
${fact("Pending job", job({ token, connection: c, now }))}
${fact("Being refreshed", lease === null ? "no" : html`by <span class="code">${lease.owner}</span>, until ${bothTimes(lease.until, now)} at most`)}
${fact("Token sets so far", c.generation)}
${c.failingSince === null ? null : fact("Failing since", html`${bothTimes(c.failingSince, now)}, ${c.consecutiveFailures} in a row`)}</dl>`;
}

function job({
  token: { job: found },
  connection,
  now,
}: Pick<ConnectionDetails, "token" | "connection" | "now">): Html | string {
  if (found === "unknown") return "not known: Redis does not answer";
  if (found === null) return "none";
  const at = found.dueAt === null ? null : html`, due ${bothTimes(found.dueAt, now)}`;
  return html`<a href="${boardPrefix}/queue/refresh-${connection.provider}/${found.id}">${found.state}</a>${at}`;
}

function accountFacts({ connection: c, surroundings, now }: ConnectionDetails): Html {
  const { parent, children } = surroundings;
  const sync =
    c.lastSyncStatus === null
      ? dash
      : html`${c.lastSyncStatus} ${bothTimes(c.lastSyncAt, now, "")} ${c.lastSyncMessage ?? ""}`;
  return html`<dl class="facts">
${fact("Connection", html`<span class="code">${c.id}</span>`)}
${fact("User", html`<a href="${userAddress(c.userId)}">${c.userId}</a>`)}
${fact("Account at the provider", c.externalAccountId)}
${fact("Tags", tagLinks(c.tags) ?? dash)}
${fact("Kind, registration", `${words(c.authType)}, ${c.registration}`)}
${fact("Scopes", c.scopes.length === 0 ? dash : html`<span class="code">${c.scopes.join(" ")}</span>`)}
${c.missingScopes.length === 0 ? null : fact("Not granted", html`<span class="code">${c.missingScopes.join(" ")}</span>`)}
${fact("Connected", bothTimes(c.connectedAt, now))}
${fact("Last change", bothTimes(c.updatedAt, now))}
${fact("Last sync", sync)}
${parent === null ? null : fact("Belongs to", relativeOf(parent))}
${children.length === 0 ? null : fact("Gives tokens to", html`<ul>${children.map((child) => html`<li>${relativeOf(child)}</li>`)}</ul>${children.length < mostChildren ? null : "and maybe more"}`)}</dl>`;
}

const relativeOf = ({ id, name, status }: Relative): Html =>
  html`<a href="/connections/${id}">${name}</a> ${statusPill(status)}`;
