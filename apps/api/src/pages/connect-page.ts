import { type Html, html } from "@evertoken/operations";

export interface ShownConnection {
  readonly id: string;
  readonly provider: string;
  readonly providerName: string;
  readonly displayName: string | null;
  readonly status: string;
  readonly missingScopes: readonly string[];
  /** When the consent ends, if that is soon. */
  readonly endsAt: Date | null;
  /** Whether consent can be given for it here. */
  readonly connectable: boolean;
  /** Names of what lives from it, such as Pages. */
  readonly children: readonly { readonly name: string; readonly status: string }[];
}

export interface ConnectPage {
  readonly base: string;
  readonly formToken: string;
  /** In a frame: providers' pages refuse to be framed, so connecting leads to a page of its own. */
  readonly outside: string | null;
  readonly connections: readonly ShownConnection[];
  readonly providers: readonly { readonly id: string; readonly name: string }[];
  readonly banner: { readonly kind: "ok" | "bad" | "off"; readonly text: string } | null;
  readonly returnUrl: string | null;
  /** Whose accounts these are, so that nobody connects theirs to somebody else's by a link that they were sent. */
  readonly whose: string;
  /** What the app calls itself; null: it does not say. */
  readonly app: string | null;
  /** To reconnecting one account: nothing is disconnected. */
  readonly limited: boolean;
}

interface Standing {
  readonly kind: "ok" | "warn" | "bad" | "off";
  readonly label: string;
  readonly text: string | null;
  readonly reconnect: "first" | "second" | "no";
}

export function connectPage(page: ConnectPage): Html {
  const { connections, providers, banner, returnUrl, whose, app } = page;
  return html`<header><div><h1>Connected accounts</h1><p class="dim small">of <bdi>${whose}</bdi>${app === null ? null : html` in ${app}`}</p></div>
${returnUrl === null ? null : html`<a class="small" target="_top" href="${returnUrl}">Back to the app</a>`}</header>
${banner === null ? null : html`<p class="banner ${banner.kind}" role="${banner.kind === "bad" ? "alert" : "status"}">${banner.text}</p>`}
<section aria-label="Your accounts">
${connections.length === 0 ? html`<p class="card empty">No account is connected yet. Choose one below.</p>` : null}
<ul>${connections.map((connection) => card(page, connection))}</ul>
</section>
${
  providers.length === 0
    ? null
    : html`<section aria-labelledby="add"><h2 id="add">Add an account</h2>
<ul class="grid">${providers.map((provider) => offer(page, provider))}</ul></section>`
}`;
}

function card(page: ConnectPage, connection: ShownConnection): Html {
  const { id, providerName, displayName } = connection;
  const { kind, label, text, reconnect } = standingOf(connection);
  const again = connection.connectable && reconnect !== "no";
  return html`<li class="card" data-connection="${id}" data-status="${connection.status}"><div class="row">${mark(providerName)}
<div class="what"><h3>${providerName}</h3>${displayName === null ? null : html`<p class="dim small">${displayName}</p>`}
<span class="pill ${kind}">${label}</span></div>
<div class="acts">${again ? start(page, { connection: id }, connection.status === "disconnected" ? "Connect again" : "Reconnect", `${providerName} ${displayName ?? ""}`, reconnect === "second") : null}
${connection.status === "disconnected" || page.limited ? null : disconnect(page, connection)}</div></div>
${text === null ? null : html`<p class="more">${text}</p>`}
${children(connection)}</li>`;
}

function standingOf({ status, missingScopes, endsAt }: ShownConnection): Standing {
  switch (status) {
    case "connected":
      if (missingScopes.length === 0 && endsAt !== null) {
        return {
          kind: "warn",
          label: "Ends soon",
          text: `Access ends on ${dayOf(endsAt)}. Reconnect to go on.`,
          reconnect: "first",
        };
      }
      if (missingScopes.length === 0) return { kind: "ok", label: "Connected", text: null, reconnect: "no" };
      return {
        ...{ kind: "warn", label: "Permissions missing", reconnect: "first" },
        text: `Not granted: ${missingScopes.join(", ")}. Reconnect and allow it.`,
      };
    case "token_expired":
      return {
        kind: "warn",
        label: "Interrupted",
        text: "The provider does not answer; we keep trying.",
        reconnect: "second",
      };
    case "needs_reauth":
      return {
        kind: "bad",
        label: "Reconnect needed",
        text: "Access has ended. Reconnect to go on.",
        reconnect: "first",
      };
    case "error":
      return {
        kind: "bad",
        label: "Problem",
        text: "Something has to be mended in the app. Those who run it know.",
        reconnect: "second",
      };
    default:
      return { kind: "off", label: "Disconnected", text: null, reconnect: "second" };
  }
}

const dayOf = (date: Date) => date.toISOString().slice(0, 10);

function children({ children: all }: ShownConnection): Html | null {
  if (all.length === 0) return null;
  const named = all.map(({ name, status }) => (status === "connected" ? name : `${name} (no access)`));
  return html`<p class="more">Includes ${named.join(", ")}</p>`;
}

function offer(page: ConnectPage, provider: { id: string; name: string }): Html {
  return html`<li class="card"><div class="row">${mark(provider.name)}<div class="what"><h3>${provider.name}</h3></div>
<div class="acts">${start(page, { provider: provider.id }, "Connect", provider.name, false)}</div></div></li>`;
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
  return html`<details class="confirm"><summary aria-label="Disconnect ${providerName} ${displayName ?? ""}">Disconnect</summary>
<form method="post" action="${page.base}/disconnect">${hidden({ connection: id, form_token: page.formToken })}
<p class="small">The app loses access to this account.</p><button class="danger">Yes, disconnect</button></form></details>`;
}

const hidden = (fields: Readonly<Record<string, string>>): Html[] =>
  Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);

function mark(name: string): Html {
  const hue = [...name].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0) % 6;
  return html`<span class="mark hue${hue}" aria-hidden="true">${[...name][0]?.toUpperCase() ?? ""}</span>`;
}
