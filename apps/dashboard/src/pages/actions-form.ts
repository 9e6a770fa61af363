import type { ConnectionView } from "@evertoken/engine/internal";
import { type Html, html } from "@evertoken/operations";

/** What an operator can do with a connection; each a form of its own. */
export function actions({ id, status, authType }: ConnectionView, formToken: string): Html {
  const refreshed = authType === "oauth2" && status !== "disconnected";
  const form = (action: string, content: Html) =>
    html`<form method="post" action="/connections/${id}/${action}"><input type="hidden" name="form_token" value="${formToken}">${content}</form>`;
  return html`<section class="card" aria-label="Actions"><div class="acts">
${refreshed ? form("refresh", html`<button>Refresh now</button><label><input type="checkbox" name="force" value="yes">even if told to wait</label>`) : null}
${refreshed && status !== "needs_reauth" ? form("schedule", html`<button class="quiet">Schedule next refresh</button>`) : null}
${status === "disconnected" ? null : form("sync", html`<button class="quiet">Sync</button>`)}
${authType === "derived" ? null : form("reconnect-link", html`<button class="quiet">Reconnect link</button>`)}
${status === "disconnected" ? null : html`<details id="disconnecting"><summary>Disconnect</summary>${form("disconnect", sure)}</details>`}
</div></section>`;
}

/** Asked for once more, without a script. */
const sure = html`<p>The tokens are erased here, those of accounts that live from it too, and revoked at the provider where it can be done.
The app loses access until the user connects again. The history stays.</p>
<label><input type="checkbox" name="sure" value="yes" required>I am sure</label><button class="danger">Disconnect for good</button>`;
