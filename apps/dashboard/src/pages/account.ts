import {
  activePerson,
  endSession,
  type Html,
  html,
  listSessions,
  type Session,
  type SessionView,
} from "@evertoken/operations";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { changePassword, passwordCard } from "./account-password.ts";
import { renewCodes, secondFactorCard, setFactor } from "./account-second-factor.ts";
import { readForm, sessionOf } from "./actions.ts";
import type { PageContext } from "./context.ts";
import { sendPage } from "./page.ts";

/** What somebody can see and do about himself; an operator ends anybody's session. */
export function registerAccount(app: FastifyInstance, context: PageContext): void {
  // What is asked for once more is guessed at no faster than at the login.
  const preHandler = context.limit.refuseTooManySecrets;
  app.get("/account", (request, reply) => show(context, request, reply));
  app.post("/account/second-factor", { preHandler }, (request, reply) => setFactor(context, request, reply));
  app.post("/account/recovery-codes", { preHandler }, (request, reply) => renewCodes(context, request, reply));
  app.post("/account/password", { preHandler }, (request, reply) => changePassword(context, request, reply));
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
${await own(engine, session)}
<section class="card" aria-label="Sessions"><h2>${all ? "Everybody's sessions" : "Your sessions"}</h2>
<table><thead><tr><th>Who</th><th>From</th><th>Since</th><th>Seen</th><th>Ends</th><th>End it</th></tr></thead><tbody>
${sessions.map((each) => row(each, session))}</tbody></table></section>`;
  return sendPage(reply, { title: "Account", content, section: null, session });
}

/** How he comes in, which is somebody else's matter where it was not by a stored password. */
async function own(engine: PageContext["engine"], session: Session): Promise<Html | null> {
  if (session.cameBy === "openid") return null;
  if (session.cameBy === "settings") {
    return html`<section class="card"><h2>Password and second factor</h2><p>You are named by the settings, and your password stands there. Whoever is added with <code>evertoken users add</code> can change it here, and have a second factor.</p></section>`;
  }
  const person = await activePerson(engine, session.name);
  return person === null ? null : html`${secondFactorCard(engine, session, person)}${passwordCard(session)}`;
}

const time = (at: Date) =>
  html`<time datetime="${at.toISOString()}">${at.toISOString().slice(0, 16).replace("T", " ")} UTC</time>`;

function row({ id, person, address, createdAt, seenAt, endsAt }: SessionView, { id: own, formToken }: Session): Html {
  const button = html`<form method="post" action="/account/sessions/${id}/end"><input type="hidden" name="form_token" value="${formToken}"><button class="quiet">End</button></form>`;
  return html`<tr><td>${person}</td><td>${address}</td><td>${time(createdAt)}</td><td>${time(seenAt)}</td><td>${time(endsAt)}</td><td>${id === own ? "this one" : button}</td></tr>`;
}
