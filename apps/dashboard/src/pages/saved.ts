import { withStore } from "@evertoken/engine/internal";
import { forgetList, type Html, html, mostSavedLists, type SavedList, saveList } from "@evertoken/operations";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { readForm } from "./actions.ts";
import type { PageContext } from "./context.ts";
import { notUnderstood, PageFault } from "./fault.ts";
import { askedIn, type ListQuery, listAddress, readListQuery } from "./list-query.ts";

const longestName = 60;

/** Somebody's own filters of the list: whoever may look may keep them. */
export function registerSaved(app: FastifyInstance, context: PageContext): void {
  app.post("/connections/saved", (request, reply) => save(context, request, reply));
  app.post("/connections/saved/forget", (request, reply) => forget(context, request, reply));
}

async function save({ engine }: PageContext, request: FastifyRequest, reply: FastifyReply) {
  const { form, session } = readForm(request);
  const name = String(form.name ?? "").trim();
  if (name === "" || name.length > longestName || !name.isWellFormed() || /\p{Cc}/u.test(name))
    throw notUnderstood(`"name" has to be a text of up to ${longestName} characters.`);
  const asked = askedIn(form.filter);
  const address = listAddress(
    readListQuery(asked, () => true),
    { after: null },
  );
  const query = address.split("?", 2)[1] ?? "";
  if (!(await withStore(() => saveList(engine.pool, session.name, { name, query }))))
    throw new PageFault(409, "Too many", `You have ${mostSavedLists} saved filters: forget one of them first.`);
  return reply.redirect(address, 303);
}

async function forget({ engine }: PageContext, request: FastifyRequest, reply: FastifyReply) {
  const { form, session } = readForm(request);
  await withStore(() => forgetList(engine.pool, session.name, String(form.name ?? "")));
  return reply.redirect("/connections", 303);
}

/** What is kept, with the one that is in place, and a form to keep this one. */
export function savedBar(saved: readonly SavedList[], query: ListQuery, formToken: string): Html {
  const address = listAddress(query, { after: null });
  const place = (each: SavedList) => (each.query === "" ? "/connections" : `/connections?${each.query}`);
  const here = saved.find((each) => place(each) === address);
  const token = html`<input type="hidden" name="form_token" value="${formToken}">`;
  return html`<nav class="saved" aria-label="Saved filters">${saved.map(
    (each) => html`<a href="${place(each)}"${each === here ? html` aria-current="page"` : null}>${each.name}</a> `,
  )}${
    here === undefined
      ? html`<details id="saving"><summary>Save this filter</summary><form method="post" action="/connections/saved">${token}
<input type="hidden" name="filter" value="${address}"><label for="saved-name">Name</label><input id="saved-name" name="name" required maxlength="${longestName}" autocomplete="off"><button class="quiet">Save</button></form></details>`
      : html`<form method="post" action="/connections/saved/forget">${token}<input type="hidden" name="name" value="${here.name}"><button class="quiet">Forget this filter</button></form>`
  }</nav>`;
}
