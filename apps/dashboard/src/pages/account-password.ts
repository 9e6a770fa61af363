import {
  changePerson,
  endSessions,
  findPerson,
  type Html,
  html,
  type Session,
  shortestPassword,
} from "@evertoken/operations";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { PageContext } from "./context.ts";
import { PageFault } from "./fault.ts";
import { checkPresentPassword, ownPerson } from "./own-person.ts";

export const passwordCard = ({ formToken, name }: Session): Html =>
  html`<section class="card" aria-label="Password"><h2>Password</h2>
<p>All your other sessions end with a new one.</p>
<form method="post" action="/account/password"><input type="hidden" name="form_token" value="${formToken}"><input type="hidden" name="username" autocomplete="username" value="${name}">
<label>Present password <input name="present" type="password" autocomplete="current-password" maxlength="1000" required></label>
<label>New password <input name="password" type="password" autocomplete="new-password" minlength="${shortestPassword}" maxlength="1000" required></label>
<button>Change it</button></form></section>`;

/** Another password ends every session that began with the former one; this browser gets a new one. */
export async function changePassword(context: PageContext, request: FastifyRequest, reply: FastifyReply) {
  const { engine, sessions, cookie } = context;
  const { person, form } = await ownPerson(context, request);
  await checkPresentPassword(request, person, form.present);
  const { name } = person;
  await changePerson(engine, name, { password: String(form.password ?? "") });
  const ended = await endSessions(engine, name);
  await engine.audit.record({
    ...{ actor: `person:${name}`, action: "person.password_set", address: request.ip },
    detail: { person: name, ended: String(ended) },
  });
  const changed = await findPerson(engine, name);
  if (changed === null || changed === "altered")
    throw new PageFault(409, "Not possible", "You were removed meanwhile.");
  const { role, passwordHash: credential } = changed;
  const secret = await sessions.begin({ name, role, credential, cameBy: "password", address: request.ip });
  return cookie.set(reply, secret).redirect("/account", 303);
}
