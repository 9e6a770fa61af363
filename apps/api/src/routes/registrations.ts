import { type RegistrationView, registrations } from "@evertoken/engine/internal";
import { z } from "zod";
import { Problem } from "../problem.ts";
import { route } from "../route.ts";
import { providerId, text, timeOut, uuid } from "../schemas.ts";
import { toWire } from "../wire.ts";

const registration = z
  .object({
    ...{ id: uuid, provider: z.string(), name: z.string(), client_id: z.string() },
    has_secret: z.boolean().describe("The secret itself is never shown"),
    ...{ created_at: timeOut, updated_at: timeOut },
  })
  .meta({ id: "Registration" });

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, "needs lower case letters, digits, dots, dashes: at most 64");
const key = z.object({ provider: providerId, name });
const body = z.strictObject({
  client_id: text(4096),
  client_secret: text(4096).nullish().describe("null: a public client. Left out: the stored one stays"),
});

const toRegistration = (view: RegistrationView) => toWire(view);
const nameOf = ({ provider, name }: z.output<typeof key>) => `${provider}/${name}`;

export const registrationRoutes = [
  route({
    ...{ method: "GET", url: "/v1/registrations", scope: "admin", tag: "Client registrations" },
    summary: "Stored client registrations",
    description: "Those of the environment, named `default`, are not among them.",
    query: z.object({ provider: providerId.optional() }),
    answer: z.object({ data: z.array(registration) }),
    async handle({ query: { provider } }, { engine }) {
      const found = await registrations.list(engine, provider === undefined ? {} : { provider });
      return { data: found.map(toRegistration) };
    },
  }),
  route({
    ...{ method: "GET", url: "/v1/registrations/:provider/:name", scope: "admin", tag: "Client registrations" },
    summary: "One stored client registration",
    ...{ params: key, answer: registration },
    async handle({ params }, { engine }) {
      const found = await registrations.list(engine, { provider: params.provider });
      const one = found.find((view) => view.name === params.name);
      if (one === undefined) throw new Problem("registration_not_found", { detail: `there is no ${nameOf(params)}` });
      return toRegistration(one);
    },
  }),
  route({
    ...{ method: "PUT", url: "/v1/registrations/:provider/:name", scope: "admin", tag: "Client registrations" },
    audited: "registration.saved",
    summary: "Store a client registration, or replace it",
    description:
      "For white-label apps: name it when a user connects. Encrypted; a circuit that the old secret opened closes.",
    ...{ params: key, body, answer: registration },
    async handle({ params, body, tell }, { engine }) {
      tell({ detail: { registration: nameOf(params) } });
      const { client_id: clientId, client_secret: clientSecret } = body;
      const secret = clientSecret === undefined ? {} : { clientSecret };
      const saved = await registrations.save(engine, { ...params, clientId, ...secret });
      return toRegistration(saved);
    },
  }),
  route({
    ...{ method: "DELETE", url: "/v1/registrations/:provider/:name", scope: "admin", tag: "Client registrations" },
    audited: "registration.removed",
    summary: "Remove a client registration",
    description: "Refused while connections use it.",
    ...{ params: key, status: 204 },
    async handle({ params, tell }, { engine }) {
      tell({ detail: { registration: nameOf(params) } });
      await registrations.remove(engine, params);
      return undefined;
    },
  }),
];
