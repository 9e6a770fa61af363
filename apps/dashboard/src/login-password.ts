import { setSecondFactor } from "@evertoken/operations";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { safeReturnPath } from "./guard.ts";
import { createPersonCheck, type KnownPerson, nameInTicket, openTicket, sealTicket, takeCode } from "./known-person.ts";
import { codePage, recoveryCodesPage, setFactorPage } from "./login-pages.ts";
import { sendHtml, type Way } from "./login-way.ts";
import { offerFactor, takenUp } from "./offered-factor.ts";

const text = (maxLength: number) => ({ type: "string", maxLength }) as const;
const form = (required: readonly string[], properties: object) => ({ type: "object", required, properties }) as const;
const passwordForm = form(["name", "password"], { name: text(200), password: text(1000), next: text(2000) });
const codeForm = form(["ticket", "code"], { ticket: text(2000), code: text(60), next: text(2000) });
const factorForm = form(["ticket", "code", "secret"], { ...codeForm.properties, secret: text(2000) });

const tookTooLong = "That took too long. Log in again.";
const altered =
  "What is stored of you does not open: it was altered in the database, or its key is gone. Somebody who runs Evertoken adds you anew, with `evertoken users add`.";
const noFactor =
  "A second factor is needed here, and whom the settings name can have none. Log in as somebody whom `evertoken users add` has added.";

/** A password, and then a code, or a second factor that is set first: until then there is no session that could reach anything. */
export function registerPassword(app: FastifyInstance, way: Way): void {
  const { engine, people, needsSecondFactor, enter, refuse } = way;
  const check = createPersonCheck(engine, people);
  const preHandler = way.limit.refuseTooMany(({ body }) => (body as { name: string }).name);
  app.post<{ Body: { name: string; password: string; next?: string } }>(
    "/login",
    { schema: { body: passwordForm }, preHandler },
    async (request, reply) => {
      const { name, password } = request.body;
      const next = safeReturnPath(request.body.next);
      const person = await check(name, password);
      if (person === "altered") {
        return refuse(request, reply, "altered", { next, name, problem: altered }, `person:${name}`);
      }
      if (person === null) {
        return refuse(request, reply, "password", { next, name, problem: "This name and password do not match." });
      }
      if (person.codeSecret !== null) return sendHtml(reply, codePage({ next, ticket: ticketOf(person) }));
      if (!needsSecondFactor) {
        await enter(request, reply, person);
        return reply.redirect(next, 303);
      }
      if (person.cameBy === "settings") {
        return refuse(request, reply, "no_second_factor", { next, name, problem: noFactor }, `person:${name}`);
      }
      return sendHtml(reply, setFactorPage({ next, ticket: ticketOf(person), offered: offerFactor(engine, name) }));
    },
  );
  registerCode(app, way);
  registerNewFactor(app, way);

  function ticketOf({ name, credential }: KnownPerson): string {
    return sealTicket(engine, name, credential);
  }
}

/** Of whoever has brought a ticket, which he is not free to write. */
const nameOf = (engine: Way["engine"]) => (request: FastifyRequest) =>
  nameInTicket(engine, (request.body as { ticket: string }).ticket);

function registerCode(app: FastifyInstance, { engine, enter, refuse, limit }: Way): void {
  app.post<{ Body: { ticket: string; code: string; next?: string } }>(
    "/login/code",
    { schema: { body: codeForm }, preHandler: limit.refuseTooMany(nameOf(engine)) },
    async (request, reply) => {
      const { ticket, code } = request.body;
      const next = safeReturnPath(request.body.next);
      const person = await openTicket(engine, ticket);
      // Whoever has lost the second factor meanwhile begins anew, and so is asked to set one where one is needed.
      if (person === null || person.codeSecret === null) {
        return refuse(request, reply, "ticket", { next, problem: tookTooLong });
      }
      const { name } = person;
      const taken = await takeCode(engine, name, person.codeSecret, code);
      if (taken === null) {
        const problem = "This code is not the one of now, or was used before. Log in again with the next one.";
        return refuse(request, reply, "code", { next, name, problem }, `person:${name}`);
      }
      await enter(request, reply, person, taken);
      return reply.redirect(next, 303);
    },
  );
}

function registerNewFactor(app: FastifyInstance, { engine, enter, refuse, limit }: Way): void {
  app.post<{ Body: { ticket: string; secret: string; code: string; next?: string } }>(
    "/login/second-factor",
    { schema: { body: factorForm }, preHandler: limit.refuseTooMany(nameOf(engine)) },
    async (request, reply) => {
      const { ticket, secret: sealed, code } = request.body;
      const next = safeReturnPath(request.body.next);
      const person = await openTicket(engine, ticket);
      if (person === null || person.codeSecret !== null) {
        return refuse(request, reply, "ticket", { next, problem: tookTooLong });
      }
      const { name } = person;
      const secret = await takenUp(engine, name, sealed, code);
      if (secret === null) {
        const problem = "That was not the code of now. Nothing was changed: log in again, and enter the new key first.";
        return refuse(request, reply, "code", { next, name, problem }, `person:${name}`);
      }
      const actor = `person:${name}`;
      await engine.audit.write({ actor, action: "person.second_factor_set", address: request.ip });
      const codes = await setSecondFactor(engine, name, secret);
      if (codes === null) return refuse(request, reply, "ticket", { next, problem: tookTooLong });
      await enter(request, reply, person, { second: "new" });
      return sendHtml(reply, recoveryCodesPage({ next, codes }));
    },
  );
}
