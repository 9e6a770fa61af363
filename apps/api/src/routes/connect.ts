import { authorize, type Completed, completeConnect, makeConnectLink, withOutcome } from "@evertoken/engine/internal";
import { z } from "zod";
import { checkOrigin } from "../foreign-origin.ts";
import { Problem } from "../problem.ts";
import { route } from "../route.ts";
import { providerId, text, timeOut, userId, uuid } from "../schemas.ts";
import { toWire } from "../wire.ts";

const address = text(2048);
const email = z.email().max(320);
const binding = text(256).optional();

const authorizeBody = z.strictObject({
  ...{ user_id: userId, provider: providerId, registration: text(64).optional() },
  return_url: address.describe("Where the user ends up; must be on the allow list"),
  redirect_uri: address.optional().describe("Default: this API's own callback"),
  scopes: z.array(text()).max(100).optional().describe("Default: those of the provider's file"),
  connection_id: uuid.optional().describe("Reconnect this one: it keeps its id and history"),
  metadata: z.record(text(128), text()).optional().describe("What endpoints need: shop, data centre, instance"),
  user_email: email.optional(),
  binding: binding.describe("Of the user's browser, such as from a cookie: the answer counts only with the same one"),
});

const answerOf = {
  code: text(8192).optional(),
  error: text(256).optional(),
  error_description: text(4096).optional(),
  iss: text(2048).optional(),
};

const parameters = z
  .record(text(64), text(512))
  .optional()
  .describe("What else came back, such as QuickBooks' realmId");

const refused = z.object({
  ...{ kind: z.literal("refused"), code: z.string(), return_url: z.string().nullable() },
  message: z.string().describe("For the user"),
});

const connected = z.object({
  ...{ connection_id: uuid, provider: z.string(), reconnected: z.boolean(), return_url: z.string() },
  missing_scopes: z.array(z.string()).describe("Asked for and not granted"),
});

const linkBody = z.strictObject({
  ...{ user_id: userId, return_url: address.optional(), user_email: email.optional() },
  providers: z.array(providerId).min(1).max(200).optional().describe("Default: all that are set up"),
  ttl: z.number().int().min(10).max(86_400).default(600).describe("Seconds"),
});

/** Only what is there: the engine's schemas are strict about the rest. */
function some<T extends object>(input: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as never;
}

type Query = { [K in keyof typeof answerOf]?: string | undefined };
const toAnswer = ({
  code,
  error,
  error_description: errorDescription,
  iss,
  ...rest
}: Query & Record<string, unknown>) => ({
  ...{ code, error, errorDescription, iss },
  parameters: Object.fromEntries(
    Object.entries(rest).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  ),
});

/** What an app finds in the query of its return URL; the same as after the connect page, and the state to compare. */
function outcomeOf(done: Completed, state: string): Record<string, string> {
  if (done.kind === "refused") return { status: "refused", error: done.code, state };
  const { connectionId, provider, missingScopes } = done;
  const missing = missingScopes.length === 0 ? {} : { missing_scopes: missingScopes.join(" ") };
  return { status: "connected", connection_id: connectionId, provider, ...missing, state };
}

export const connectRoutes = [
  route({
    ...{ method: "POST", url: "/v1/connect/authorize", scope: "connections:write", tag: "Connect" },
    summary: "Begin to connect an account",
    description: `Send the user's browser to \`url\`. Keep \`state\` in the user's session and compare it when the user is back: that
proves that the same browser began and ended the flow. Good once, and for ten minutes.`,
    body: authorizeBody,
    answer: z.object({ url: z.string(), state: z.string(), expires_at: timeOut }),
    async handle({ body, actor }, { engine, audit }) {
      const { return_url: returnUrl, redirect_uri: redirectUri, binding, ...rest } = body;
      const { registration, scopes, connection_id: connectionId, metadata, user_email: userEmail } = rest;
      const optional = some({ redirectUri, registration, scopes, connectionId, metadata, userEmail, binding });
      const begun = await authorize(engine, {
        ...{ userId: body.user_id, provider: body.provider, returnUrl },
        ...optional,
      });
      await audit({ actor, action: "connect.begun", detail: { provider: body.provider } });
      return { url: begun.url, state: begun.state, expires_at: begun.expiresAt.toISOString() };
    },
  }),
  route({
    ...{ method: "GET", url: "/v1/connect/callback", scope: "public", tag: "Connect" },
    summary: "Where the provider sends the browser back to",
    description: `Goes on to the return URL with \`status=connected\`, \`connection_id\`, \`provider\` and \`state\`, or with
\`status=refused\`, \`error\` and \`state\`. A state that nobody knows has no return URL.`,
    query: z.looseObject({ state: text(512), ...answerOf }),
    status: 303,
    async handle({ query, reply }, { engine }) {
      const { state } = query;
      const done = await completeConnect(engine, { state, ...toAnswer(query) });
      if (done.returnUrl !== null) return reply.redirect(withOutcome(done.returnUrl, outcomeOf(done, state)), 303);
      throw done.kind === "refused" ? new Problem(done.code, { detail: done.message }) : new Problem("internal_error");
    },
  }),
  route({
    ...{ method: "POST", url: "/v1/connect/callback", scope: "public", tag: "Connect" },
    summary: "The same for a page of yours that got the answer",
    description:
      "For single-page apps; from a browser only of an allowed origin. The state is the proof, so no key is needed.",
    body: z.strictObject({
      ...{ state: text(512), redirect_uri: address, ...answerOf },
      parameters,
    }),
    answer: connected,
    async handle({ body, request, reply }, { engine }) {
      checkOrigin(request, reply, engine);
      const { state, redirect_uri: redirectUri, parameters = {}, ...rest } = body;
      const done = await completeConnect(engine, { state, redirectUri, ...toAnswer({ ...parameters, ...rest }) });
      if (done.kind === "refused") {
        const where = done.returnUrl === null ? {} : { return_url: done.returnUrl };
        throw new Problem(done.code, { detail: done.message, ...where });
      }
      const { connectionId, provider, reconnected, returnUrl, missingScopes } = done;
      const scopes = { missing_scopes: [...missingScopes] };
      return { connection_id: connectionId, provider, reconnected, return_url: returnUrl, ...scopes };
    },
  }),
  route({
    ...{ method: "POST", url: "/v1/connect/complete", scope: "connections:write", tag: "Connect" },
    summary: "The same for an app's server that got the answer",
    description:
      "Says what came of it, also when that is a refusal. The same answer within a minute gets the same result.",
    body: z.strictObject({
      ...{ state: text(512), redirect_uri: address.optional(), ...answerOf, parameters },
      binding: binding.describe("Of the browser, where the flow was begun with one"),
    }),
    answer: z.discriminatedUnion("kind", [connected.extend({ kind: z.literal("connected") }), refused]),
    async handle({ body }, { engine }) {
      const { state, redirect_uri: redirectUri, binding, parameters = {}, ...rest } = body;
      const done = await completeConnect(engine, {
        state,
        redirectUri,
        binding,
        ...toAnswer({ ...parameters, ...rest }),
      });
      if (done.kind === "refused") return toWire(done);
      return { ...toWire(done), missing_scopes: [...done.missingScopes] };
    },
  }),
  route({
    ...{ method: "POST", url: "/v1/connect/links", scope: "connections:write", tag: "Connect" },
    summary: "A signed link to the connect page for one user",
    description: "Whoever has it manages that user's connections until it ends: hand it to the user alone.",
    ...{ body: linkBody, status: 201, answer: z.object({ url: z.string(), expires_at: timeOut }) },
    async handle({ body, actor }, { engine, audit }) {
      const { user_id: userId, return_url: returnUrl, user_email: userEmail, providers, ttl } = body;
      const expiresAt = new Date(Date.now() + ttl * 1000);
      const optional = some({ returnUrl, userEmail, providers });
      const url = await makeConnectLink(engine, { userId, ttlSeconds: ttl, ...optional });
      await audit({ actor, action: "connect.link_made" });
      return { url, expires_at: expiresAt.toISOString() };
    },
  }),
];
