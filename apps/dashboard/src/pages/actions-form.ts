import type { ConnectionView } from "@evertoken/engine/internal";
import { type Html, html } from "@evertoken/operations";

/** What an operator can do with a connection, each a form of its own: first what helps in its state. */
export function actions({ id, status, authType, tags }: ConnectionView, formToken: string): Html {
  const form = (action: string, content: Html) =>
    html`<form method="post" action="/connections/${id}/${action}"><input type="hidden" name="form_token" value="${formToken}">${content}</form>`;
  const refreshes = authType === "oauth2" && status !== "disconnected";
  const needsUser = status === "needs_reauth" || status === "disconnected";
  const link = authType === "derived" ? null : form("reconnect-link", needsUser ? linkFirst : linkLast);
  return html`<section class="card" aria-label="Actions"><div class="acts">
${needsUser ? link : null}
${refreshes ? form("refresh", status === "needs_reauth" ? askOnceMore : refreshNow) : null}
${refreshes && !needsUser ? form("schedule", html`<button class="quiet">Schedule next refresh</button>`) : null}
${needsUser ? null : form("sync", html`<button class="quiet">Sync</button>`)}
${needsUser ? null : link}
<details id="tagging"><summary class="plain">Tags</summary>${form("tags", tagging(tags))}</details>
${status === "disconnected" ? null : html`<details id="disconnecting"><summary>Disconnect</summary>${form("disconnect", sure)}</details>`}
</div>${needsUser && link !== null ? html`<p class="small dim">Only its user can bring it back: send them the link, and it goes on with the same id.</p>` : null}</section>`;
}

const refreshNow = html`<button>Refresh now</button><label><input type="checkbox" name="force" value="yes">even if told to wait</label>`;
/** Unless it is forced, a refresh of one that waits for its user asks nobody. */
const askOnceMore = html`<input type="hidden" name="force" value="yes"><button class="quiet">Ask the provider once more</button>`;
const linkFirst = html`<button>Make a reconnect link</button>`;
const linkLast = html`<button class="quiet">Reconnect link</button>`;

const tagging = (tags: readonly string[]) => html`<input type="hidden" name="was" value="${tags.join(" ")}">
<label>Tags, with spaces between them<input name="tags" value="${tags.join(" ")}" maxlength="1100" autocapitalize="none" spellcheck="false"></label><button>Save tags</button>`;

/** Asked for once more, without a script. */
const sure = html`<p>The tokens are erased here, those of accounts that live from it too, and revoked at the provider where it can be done.
The app loses access until the user connects again. The history stays.</p>
<label><input type="checkbox" name="sure" value="yes" required>I am sure</label><button class="danger">Disconnect for good</button>`;
