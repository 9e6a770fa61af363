import { type Html, html } from "@evertoken/operations";
import { type Brand, logo } from "./brand.ts";
import { providerMark } from "./provider-mark.ts";
import type { OfferedProvider, ShownConnection } from "./shown-connections.ts";
import { filled, said } from "./speech.ts";
import { standingOf } from "./standing.ts";
import type { Words } from "./words/words.ts";

export interface ConnectPage {
  readonly base: string;
  readonly formToken: string;
  /** In a frame: providers' pages refuse to be framed, so connecting leads to a page of its own. */
  readonly outside: string | null;
  readonly connections: readonly ShownConnection[];
  readonly providers: readonly OfferedProvider[];
  /** What was searched for among them; null: they are too few for that. */
  readonly search: string | null;
  readonly words: Words;
  readonly brand: Brand;
  readonly banner: { readonly kind: "ok" | "bad" | "off"; readonly text: string } | null;
  readonly returnUrl: string | null;
  /** Whose accounts these are, so that nobody connects theirs to somebody else's by a link that they were sent. */
  readonly whose: string;
  /** What the app calls itself; null: it does not say. */
  readonly app: string | null;
  /** To reconnecting one account: nothing is disconnected. */
  readonly limited: boolean;
}

export function connectPage(page: ConnectPage): Html {
  const { connections, banner, returnUrl, whose, app, words, brand } = page;
  return html`<header><div>${logo(brand)}<h1>${words.title}</h1><p class="dim small">${filled(words.accountsOf, { whose: html`<bdi>${whose}</bdi>` })}${app === null ? null : html` ${filled(words.inApp, { app })}`}</p></div>
${returnUrl === null ? null : html`<a class="small" target="_top" href="${returnUrl}">${words.back}</a>`}</header>
${banner === null ? null : html`<p class="banner ${banner.kind}" role="${banner.kind === "bad" ? "alert" : "status"}">${banner.text}</p>`}
<section aria-label="${words.yourAccounts}">
${connections.length === 0 ? html`<p class="card empty">${words.noAccount}</p>` : null}
<ul>${connections.map((connection) => card(page, connection))}</ul>
</section>
${offers(page)}
${foot(page)}`;
}

function offers(page: ConnectPage): Html | null {
  const { providers, search, words } = page;
  if (providers.length === 0 && search === null) return null;
  const found = html`<ul class="grid">${providers.map((provider) => offer(page, provider))}</ul>`;
  return html`<section aria-labelledby="add"><h2 id="add">${words.add}</h2>
${search === null ? null : html`<form class="search" role="search" action="${page.base}#add"><input type="search" name="q" value="${search}" aria-label="${words.search}"><button class="quiet">${words.search}</button></form>`}
${providers.length === 0 ? html`<p class="card empty">${words.nothingFound}</p>` : found}</section>`;
}

function foot({ words, brand: { privacyUrl, supportEmail } }: ConnectPage): Html | null {
  if (privacyUrl === null && supportEmail === null) return null;
  return html`<footer class="dim small">${privacyUrl === null ? null : html`<a target="_top" rel="noopener" href="${privacyUrl}">${words.privacy}</a>`}
${supportEmail === null ? null : html`<a href="mailto:${supportEmail}">${words.support}</a>`}</footer>`;
}

function card(page: ConnectPage, connection: ShownConnection): Html {
  const { id, providerName, displayName } = connection;
  const { words } = page;
  const { kind, label, text, reconnect } = standingOf(connection, words);
  const again = connection.connectable && reconnect !== "no";
  return html`<li class="card" data-connection="${id}" data-status="${connection.status}"><div class="row">${providerMark(connection.provider, providerName)}
<div class="what"><h3>${providerName}</h3>${displayName === null ? null : html`<p class="dim small">${displayName}</p>`}
<span class="pill ${kind}">${label}</span></div>
<div class="acts">${again ? start(page, { connection: id }, connection.status === "disconnected" ? words.connectAgain : words.reconnect, `${providerName} ${displayName ?? ""}`, reconnect === "second") : null}
${connection.status === "disconnected" || page.limited ? null : disconnect(page, connection)}</div></div>
${text === null ? null : html`<p class="more">${text}</p>`}
${children(connection, words)}</li>`;
}

function children({ children: all }: ShownConnection, words: Words): Html | null {
  if (all.length === 0) return null;
  const named = all.map(({ name, status }) => (status === "connected" ? name : said(words.noAccess, { name })));
  return html`<p class="more">${said(words.includes, { names: named.join(", ") })}</p>`;
}

function offer(page: ConnectPage, { id, name, scopes }: OfferedProvider): Html {
  const { words } = page;
  const asked = scopes.map(({ scope, why }) => html`<li><code>${scope}</code> ${why}</li>`);
  return html`<li class="card"><div class="row">${providerMark(id, name)}<div class="what"><h3>${name}</h3></div>
<div class="acts">${start(page, { provider: id }, words.connect, name, false)}</div></div>
${asked.length === 0 ? null : html`<details class="asked"><summary>${words.asksFor}</summary><ul lang="en">${asked}</ul></details>`}</li>`;
}

function start(
  page: ConnectPage,
  field: Readonly<Record<string, string>>,
  label: string,
  what: string,
  quiet: boolean,
): Html {
  const kind = quiet ? "quiet" : "";
  if (page.outside !== null) {
    return html`<a class="button ${kind}" target="_top" href="${page.outside}" aria-label="${label} ${what}">${label}</a>`;
  }
  return html`<form method="post" action="${page.base}/start">${hidden({ ...field, form_token: page.formToken })}
<button class="${kind}" aria-label="${label} ${what}">${label}</button></form>`;
}

/** Asked for once more, without a script. */
function disconnect(page: ConnectPage, { id, providerName, displayName }: ShownConnection): Html {
  const { words } = page;
  return html`<details class="confirm"><summary aria-label="${words.disconnect} ${providerName} ${displayName ?? ""}">${words.disconnect}</summary>
<form method="post" action="${page.base}/disconnect">${hidden({ connection: id, form_token: page.formToken })}
<p class="small">${words.disconnectSure}</p><button class="danger">${words.disconnectYes}</button></form></details>`;
}

const hidden = (fields: Readonly<Record<string, string>>): Html[] =>
  Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
