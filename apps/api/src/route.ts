import { type Actor, type Engine, type Evertoken, type Told, told } from "@evertoken/engine/internal";
import { type ApiScope, type KeyRights, noLimits } from "@evertoken/operations";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Authenticate, Caller } from "./authenticate.ts";
import { operationName } from "./operation-names.ts";
import { problemSchema } from "./problem.ts";
import { refuseOutOfReach, type Subject } from "./reach.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set once the key is checked; nobody on public routes. */
    caller: Caller;
    /** Why it was refused, of what is counted: see count-refusals.ts. */
    refusal: string | undefined;
  }
}

/** What handlers work with. */
export interface ApiContext {
  readonly engine: Engine;
  readonly client: Evertoken;
  readonly authenticate: Authenticate;
}

type Schema = z.ZodType | undefined;
type Read<S extends Schema> = S extends z.ZodType ? z.output<S> : undefined;

interface RouteInput<P extends Schema, Q extends Schema, B extends Schema> {
  readonly params: Read<P>;
  readonly query: Read<Q>;
  readonly body: Read<B>;
  /** `key:<id>` and the address, for the audit log. */
  readonly who: Actor;
  /** More of what the route's entry in the audit log says, as soon as it is known: of what was tried in vain, too. */
  tell(more: Omit<Told, "action">): void;
  /** Of the key; of a public route nobody's. */
  readonly rights: KeyRights;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** One endpoint: what it takes, what it answers, who may ask. The same schemas check requests and make the OpenAPI document. */
export interface Route<
  P extends Schema = Schema,
  Q extends Schema = Schema,
  B extends Schema = Schema,
  A extends Schema = Schema,
> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly scope: ApiScope | "public";
  /** What its entry in the audit log says was done, such as `api_key.created`: each that is no GET has one. */
  readonly audited?: string;
  /** Left out: everybody's data, so nothing for a key that is limited to providers or users. */
  about?(input: Pick<RouteInput<P, Q, B>, "params" | "query" | "body">): Subject;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Default 200. */
  readonly status?: number;
  /** Another status that it may answer with, in the same form. */
  readonly otherStatus?: number;
  /** None: an answer without a body. */
  readonly answer?: A;
  handle(input: RouteInput<P, Q, B>, context: ApiContext): Promise<Read<A> | FastifyReply>;
}

export function route<
  P extends Schema = undefined,
  Q extends Schema = undefined,
  B extends Schema = undefined,
  A extends Schema = undefined,
>(definition: Route<P, Q, B, A> & ({ method: "GET" } | { audited: string })): Route {
  return definition as unknown as Route;
}

const nobodys: KeyRights = { ...noLimits, scopes: [] };

const problems = { content: { "application/problem+json": { schema: problemSchema } } };

export function registerRoutes(app: FastifyInstance, routes: readonly Route[], context: ApiContext): void {
  for (const definition of routes) {
    const { method, url, scope, status = 200 } = definition;
    app.route({
      ...{ method, url, schema: schemaOf(definition), config: { keyed: scope !== "public" } },
      async onRequest(request) {
        if (scope !== "public") request.caller = await context.authenticate(request, scope);
        await context.engine.providers.catchUp();
      },
      async handler(request, reply) {
        const { params, query, body, caller } = request;
        const who = { actor: caller === undefined ? "nobody" : `key:${caller.id}`, address: request.ip };
        const rights = caller?.rights ?? nobodys;
        if (scope !== "public") {
          const subject = definition.about?.({ params, query, body } as never);
          await refuseOutOfReach(context.engine.pool, rights, subject).catch((error: unknown) => {
            request.refusal = "out_of_reach";
            throw error;
          });
        }
        reply.code(status);
        let more: Omit<Told, "action"> = {};
        const tell = (known: typeof more) => {
          more = { ...more, ...known };
        };
        const handled = definition.handle({ params, query, body, who, tell, rights, request, reply }, context);
        const { audited: action } = definition;
        const { audit } = context.engine;
        const answer = await (action === undefined ? handled : told(audit, who, handled, () => ({ action, ...more })));
        return reply.sent ? reply : (answer ?? reply.send());
      },
    });
  }
}

function schemaOf({
  tag,
  summary,
  description,
  scope,
  params,
  query,
  body,
  status = 200,
  otherStatus,
  answer,
  about: _about,
  audited: _audited,
  ...rest
}: Route) {
  return {
    ...{ tags: [tag], summary, operationId: operationName(rest.method, rest.url) },
    ...(description === undefined ? {} : { description }),
    security: scope === "public" ? [] : [{ key: [] }],
    ...(scope === "public" ? {} : { "x-scope": scope }),
    ...(params === undefined ? {} : { params }),
    ...queryOf(scope, query),
    ...(body === undefined ? {} : { body }),
    response: {
      [status]: answer ?? z.undefined().describe("Done"),
      ...(otherStatus === undefined || answer === undefined ? {} : { [otherStatus]: answer }),
      "4xx": { description: "What is wrong with the request", ...problems },
      "5xx": { description: "What went wrong here or at the provider", ...problems },
    },
  };
}

/** A misspelt filter would answer more than was asked for. Providers and browsers may send a public route what they like. */
function queryOf(scope: Route["scope"], query: Schema) {
  if (scope === "public") return query === undefined ? {} : { querystring: query };
  const known = query ?? z.object({});
  return { querystring: known instanceof z.ZodObject ? known.strict() : known };
}
