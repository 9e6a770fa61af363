import type { ConnectionView } from "@evertoken/engine/internal";
import { type Html, html } from "@evertoken/operations";

export interface LinkPage {
  readonly connection: ConnectionView;
  readonly url: string;
  /** How long it can be opened; null: the app's own page, which has no end. */
  readonly hours: number | null;
}

export function linkPage({ connection: { id, displayName, externalAccountId, userId }, url, hours }: LinkPage): Html {
  return html`<div class="head"><h1>Reconnect link</h1></div>
<section class="card"><p>For <b>${userId}</b>, to connect ${displayName ?? externalAccountId} again.
${hours === null ? "It leads to the page of your app." : html`Whoever has it can reconnect this account for ${hours} hours: hand it to the user alone.`}</p>
<div class="gap"><label for="link">Link</label><input id="link" class="code" value="${url}" readonly></div>
<p class="acts gap"><button type="button" data-copy="link" hidden>Copy</button><a class="button quiet" href="/connections/${id}">Back to the connection</a></p></section>`;
}
