import type { Engine } from "@evertoken/engine/internal";
import {
  endSessions,
  type Html,
  html,
  type Person,
  renewRecoveryCodes,
  type Session,
  setSecondFactor,
} from "@evertoken/operations";
import type { FastifyReply, FastifyRequest } from "fastify";
import { takeCode } from "../known-person.ts";
import { offerFactor, takenUp } from "../offered-factor.ts";
import type { PageContext } from "./context.ts";
import { PageFault } from "./fault.ts";
import { checkPresentPassword, ownPerson, refuseSecret } from "./own-person.ts";
import { sendPage } from "./page.ts";

const passwordField = html`<label>Present password <input name="present" type="password" autocomplete="current-password" maxlength="1000" required></label>`;

export function secondFactorCard(engine: Engine, { name, formToken }: Session, person: Person): Html {
  const token = html`<input type="hidden" name="form_token" value="${formToken}">`;
  if (person.codeSecret !== null) {
    return html`<section class="card" aria-label="Second factor"><h2>Second factor</h2><p>A code of your authenticator app is asked for at each login. If you lose it, one of your recovery codes does, of which ${person.recoveryCodes.length} are left; without them: <code>evertoken users reset-code</code>.</p>
<form method="post" action="/account/recovery-codes">${token}
<label>Code <input name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="60" required></label><button>Make new recovery codes</button></form></section>`;
  }
  const { secret, uri, sealed } = offerFactor(engine, name);
  return html`<section class="card" aria-label="Second factor"><h2>Second factor</h2>
<p>Enter this key in an authenticator app, or <a href="${uri}">open it there</a>, and then the code that it shows. Your other sessions end.</p><p class="code">${secret}</p>
<form method="post" action="/account/second-factor">${token}<input type="hidden" name="secret" value="${sealed}">
${passwordField}<label>Code <input name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="20" required></label><button>Use it from now on</button></form></section>`;
}

export async function setFactor(context: PageContext, request: FastifyRequest, reply: FastifyReply) {
  const { engine } = context;
  const { person, form, session } = await ownPerson(context, request);
  const { name } = person;
  // Whoever has one has to show it, and here nobody asks for it.
  if (person.codeSecret !== null) throw alreadyThere();
  await checkPresentPassword(request, person, form.present);
  const secret = await takenUp(engine, name, form.secret, form.code);
  if (secret === null) {
    const text = "Nothing was changed. Go back, reload, enter the new key, and then its code.";
    throw new PageFault(400, "Not the code of now", text);
  }
  await engine.audit.write({ actor: `person:${name}`, action: "person.second_factor_set", address: request.ip });
  const codes = await setSecondFactor(engine, name, secret);
  if (codes === null) throw alreadyThere();
  await endSessions(engine, name, session.id);
  return showCodes(reply, session, codes);
}

const alreadyThere = () => new PageFault(409, "Not possible", "There is a second factor already.");

export async function renewCodes(context: PageContext, request: FastifyRequest, reply: FastifyReply) {
  const { engine } = context;
  const { person, form, session } = await ownPerson(context, request);
  const { name, codeSecret } = person;
  if (codeSecret === null) throw new PageFault(409, "Not possible", "There is no second factor. Set one first.");
  if ((await takeCode(engine, name, codeSecret, String(form.code ?? ""))) === null) {
    refuseSecret(request, "code");
    const text = "Nothing was changed. Go back and enter the next code, or a recovery code that was not used.";
    throw new PageFault(400, "Not the code of now", text);
  }
  await engine.audit.write({ actor: `person:${name}`, action: "person.recovery_codes_made", address: request.ip });
  const codes = await renewRecoveryCodes(engine, name);
  if (codes === null) throw new PageFault(409, "Not possible", "The second factor was taken away meanwhile.");
  return showCodes(reply, session, codes);
}

/** In the answer itself, which no browser keeps: an address could be opened again. */
function showCodes(reply: FastifyReply, session: Session, codes: readonly string[]) {
  const content = html`<h1>Your recovery codes</h1><section class="card">
<p>Each of them stands in once for a code of your authenticator app. Keep them where your phone is not: they are shown this once, and those of before are good for nothing any more.</p>
<ul class="code">${codes.map((code) => html`<li>${code}</li>`)}</ul><a class="button" href="/account">I have kept them</a></section>`;
  return sendPage(reply, { title: "Recovery codes", content, section: null, session });
}
