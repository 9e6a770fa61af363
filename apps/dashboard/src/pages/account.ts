import type { Engine } from "@evertoken/engine/internal";
import {
  changePerson,
  endSession,
  findPerson,
  type Html,
  html,
  listSessions,
  newSecondFactor,
  type Session,
  type SessionView,
  stepOfCode,
} from "@evertoken/operations";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { readForm, sessionOf } from "./actions.ts";
import type { PageContext } from "./context.ts";
import { PageFault } from "./fault.ts";
import { sendPage } from "./page.ts";

/** What somebody can see and do about himself; an operator ends anybody's session. */
export function registerAccount(app: FastifyInstance, context: PageContext): void {
  app.get("/account", (request, reply) => show(context, request, reply));
  app.post("/account/second-factor", (request, reply) => setSecondFactor(context, request, reply));
  app.post<{ Params: { id: string } }>("/account/sessions/:id/end", async (request, reply) => {
    const { session } = readForm(request);
    const { engine } = context;
    const own = session.role === "operator" ? undefined : session.name;
    const person = await endSession(engine, request.params.id, own);
    const detail = { person, session: request.params.id };
    await engine.audit.record({
      actor: `person:${session.name}`,
      action: "dashboard.session_ended",
      address: request.ip,
      detail,
    });
    return reply.redirect("/account", 303);
  });
}

async function show({ engine, idleMs }: PageContext, request: FastifyRequest, reply: FastifyReply) {
  const session = sessionOf(request);
  const all = session.role === "operator";
  const sessions = await listSessions(engine, idleMs, all ? undefined : session.name);
  const content = html`<h1>${session.name}</h1>
${await secondFactor(engine, session)}
<section class="card" aria-label="Sessions"><h2>${all ? "Everybody's sessions" : "Your sessions"}</h2>
<table><thead><tr><th>Who</th><th>From</th><th>Since</th><th>Seen</th><th>Ends</th><th></th></tr></thead><tbody>
${sessions.map((each) => row(each, session))}</tbody></table></section>`;
  return sendPage(reply, { title: "Account", content, section: null, session });
}

const time = (at: Date) =>
  html`<time datetime="${at.toISOString()}">${at.toISOString().slice(0, 16).replace("T", " ")} UTC</time>`;

function row({ id, person, address, createdAt, seenAt, endsAt }: SessionView, { id: own, formToken }: Session): Html {
  const button = html`<form method="post" action="/account/sessions/${id}/end"><input type="hidden" name="form_token" value="${formToken}"><button class="quiet">End</button></form>`;
  return html`<tr><td>${person}</td><td>${address}</td><td>${time(createdAt)}</td><td>${time(seenAt)}</td><td>${time(endsAt)}</td><td>${id === own ? "this one" : button}</td></tr>`;
}

const place = (name: string) => `people/${name}/new-second-factor`;

async function secondFactor(engine: Engine, { name, cameBy, formToken }: Session): Promise<Html | null> {
  if (cameBy === "openid") return null;
  if (cameBy === "settings") {
    return html`<section class="card"><h2>Second factor</h2><p>You are named by the settings. Whoever is added with <code>evertoken users add</code> can have one.</p></section>`;
  }
  const person = await findPerson(engine, name);
  if (person?.codeSecret !== null) {
    return html`<section class="card"><h2>Second factor</h2><p>A code of your authenticator app is asked for at each login. If you lose it: <code>evertoken users reset-code</code>.</p></section>`;
  }
  const { secret, uri } = newSecondFactor(name);
  const sealed = engine.keyring.sealText(secret, place(name));
  return html`<section class="card" aria-label="Second factor"><h2>Second factor</h2>
<p>Enter this key in an authenticator app, or <a href="${uri}">open it there</a>, and then the code that it shows.</p><p class="code">${secret}</p>
<form method="post" action="/account/second-factor"><input type="hidden" name="form_token" value="${formToken}"><input type="hidden" name="secret" value="${sealed}">
<label>Code <input name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="20" required></label><button>Use it from now on</button></form></section>`;
}

async function setSecondFactor({ engine }: PageContext, request: FastifyRequest, reply: FastifyReply) {
  const { form, session } = readForm(request);
  const secret = opened(engine, session.name, form.secret);
  if (session.cameBy !== "password" || secret === null || stepOfCode(secret, String(form.code), Date.now()) === null) {
    throw new PageFault(
      400,
      "Not the code of now",
      "Nothing was changed. Go back, reload, enter the new key, and then its code.",
    );
  }
  const person = await findPerson(engine, session.name);
  // Whoever has one has to show it, and here nobody asks for it.
  if (person?.codeSecret !== null) throw new PageFault(409, "Not possible", "There is a second factor already.");
  await engine.audit.write({
    actor: `person:${session.name}`,
    action: "person.second_factor_set",
    address: request.ip,
  });
  await changePerson(engine, session.name, { codeSecret: secret });
  return reply.redirect("/account", 303);
}

function opened({ keyring }: Engine, name: string, sealed: unknown): string | null {
  try {
    return keyring.openText(String(sealed), place(name));
  } catch {
    return null;
  }
}
