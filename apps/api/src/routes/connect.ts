import {
  authorize,
  type Completed,
  type Confirmed,
  completeConnect,
  confirmConnect,
  type Engine,
  makeConnectLink,
  withOutcome,
} from "@evertoken/engine/internal";
import { z } from "zod";
import { bringAnswer, outcomeOf } from "../bring-answer.ts";
import { checkOrigin } from "../foreign-origin.ts";
import { Problem } from "../problem.ts";
import { route } from "../route.ts";
import { providerId, tags, text, timeOut, userId, uuid } from "../schemas.ts";
import { toWire } from "../wire.ts";

const address = text(2048);
const email = z.email().max(320);
const binding = text(256).optional();

const authorizeBody = z.strictObject({
  ...{ user_id: userId, provider: providerId, registration: text(64).optional() },
  return_url: address.describe("Where the user ends up; must be on the allow list"),
  redirect_uri: address.optional().describe("A page of yours. Default: this API's callback of the provider"),
  scopes: z.array(text()).max(100).optional().describe("Default: those of the provider's file"),
  connection_id: uuid.optional().describe("Reconnect this one: it keeps its id and history"),
  metadata: z.record(text(128), text()).optional().describe("What endpoints need: shop, data centre, instance"),
  user_email: email.optional(),
  tags: tags.optional().describe("For the connection; of one that is reconnected added to its own"),
  confirm: z
    .boolean()
    .optional()
    .describe("You call POST /v1/connect/confirm at the return URL. Needed where there is no `binding`"),
  binding: binding.describe(
    "A secret of the user's session, 16 characters or more: the answer counts only with the same one",
  ),
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
  status: z.literal("connected"),
  ...{ connection_id: uuid, provider: z.string(), reconnected: z.boolean(), return_url: z.string() },
  missing_scopes: z.array(z.string()).describe("Asked for and not granted"),
});

const pending = z.object({
  ...{ status: z.literal("pending"), confirmation: z.string(), provider: z.string(), return_url: z.string() },
});

const linkBody = z.strictObject({
  ...{ user_id: userId, return_url: address.optional(), user_email: email.optional() },
  tags: tags.optional().describe("For what the page connects"),
  user_name: text(200)
    .optional()
    .describe(
      "What the user is called in the app: shown with the address, so that people see whose accounts these are",
    ),
  confirm: z
    .boolean()
    .optional()
    .describe("What the page connects waits for your POST /v1/connect/confirm at `return_url`, which is needed then"),
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

/** Registered at providers before each had a callback of its own. */
const shared = ({ config }: Engine) => `${config.connect.publicUrl}/v1/connect/callback`;

function sharedCallback(engine: Engine, provider: string): string | undefined {
  const { publicUrl, sharedCallback } = engine.config.connect;
  const mayShare = sharedCallback && publicUrl !== null && engine.providers.get(provider)?.origin !== "stored";
  return mayShare ? shared(engine) : undefined;
}

/** As an answer of the API; what was refused becomes a problem. @throws {Problem} */
function confirmedBody(done: Confirmed): z.output<typeof connected> {
  if (done.kind === "refused") {
    throw new Problem(done.code, { detail: done.message, return_url: done.returnUrl });
  }
  const { kind: status, connectionId, provider, reconnected, returnUrl, missingScopes } = done;
  const what = { status, connection_id: connectionId, provider, reconnected, return_url: returnUrl };
  return { ...what, missing_scopes: [...missingScopes] };
}

function completedBody(done: Completed) {
  if (done.kind !== "pending") return confirmedBody(done);
  const { kind: status, confirmation, provider, returnUrl } = done;
  return { status, confirmation, provider, return_url: returnUrl };
}

/** For the audit log. */
function toldOf(done: Completed) {
  switch (done.kind) {
    case "connected":
      return { connectionId: done.connectionId };
    case "pending":
      return { detail: { ended: done.kind } };
    case "refused":
      return { detail: { failed: done.code } };
    default:
      return done satisfies never;
  }
}

export const connectRoutes = [
  route({
    ...{ method: "POST", url: "/v1/connect/authorize", scope: "connections:write", tag: "Connect" },
    audited: "connect.begun",
    about: ({ body }) => ({ userId: body.user_id, providers: [body.provider] }),
    summary: "Begin to connect an account",
    description: `Send the user's browser to \`url\`, at once: the first browser that opens it is the only one that can come back. What comes
back is stored once you have confirmed it for the user of your own session (\`confirm\`), or have given it with the right \`binding\`. Good
once, and for ten minutes.`,
    body: authorizeBody,
    answer: z.object({ url: z.string(), state: z.string(), expires_at: timeOut }),
    async handle({ body, tell }, { engine }) {
      tell({ detail: { provider: body.provider } });
      const {
        return_url: returnUrl,
        redirect_uri: redirectUri = sharedCallback(engine, body.provider),
        ...rest
      } = body;
      const { registration, scopes, connection_id: connectionId, metadata, user_email: userEmail } = rest;
      const { confirm, binding, tags } = rest;
      const optional = some({
        ...{ registration, scopes, connectionId, metadata, userEmail, tags, redirectUri, confirm, binding },
      });
      const begun = await authorize(engine, {
        ...{ userId: body.user_id, provider: body.provider, returnUrl },
        ...optional,
      });
      return { url: begun.url, state: begun.state, expires_at: begun.expiresAt.toISOString() };
    },
  }),
  route({
    ...{ method: "GET", url: "/v1/connect/callback", scope: "public", tag: "Connect" },
    summary: "Where the provider sends the browser back to",
    description: `The one that all providers shared; now each has its own, \`<PUBLIC_URL>/connect/callback/<provider>\`. Goes on to the return
URL with \`status=pending\`, \`confirmation\`, \`provider\` and \`state\`, or with \`status=connected\` and \`connection_id\`, or with
\`status=refused\` and \`error\`. A state that nobody knows has no return URL.`,
    query: z.looseObject({ state: text(512), ...answerOf }),
    status: 303,
    async handle({ query: { state }, request, reply }, { engine }) {
      const done = await bringAnswer(engine, request, shared(engine));
      if (done.returnUrl !== null) return reply.redirect(withOutcome(done.returnUrl, outcomeOf(done, state)), 303);
      throw done.kind === "refused" ? new Problem(done.code, { detail: done.message }) : new Problem("internal_error");
    },
  }),
  route({
    ...{ method: "POST", url: "/v1/connect/callback", scope: "public", tag: "Connect", audited: "connect.completed" },
    summary: "The same for a page of yours that got the answer",
    description:
      "For single-page apps; from a browser only of an allowed origin. Needs no key, since it stores nothing without the `binding` of the flow: what comes without one is `pending`, and confirmed by your server.",
    body: z.strictObject({
      ...{ state: text(512), redirect_uri: address, ...answerOf },
      binding: binding.describe("Of the user's session, where the flow was begun with one"),
      parameters,
    }),
    answer: z.union([connected, pending]),
    async handle({ body, request, reply, tell }, { engine }) {
      checkOrigin(request, reply, engine);
      const { state, redirect_uri: redirectUri, parameters = {}, binding, ...rest } = body;
      const answer = toAnswer({ ...parameters, ...rest });
      const done = await completeConnect(engine, { state, redirectUri, binding, address: request.ip, ...answer });
      tell(toldOf(done));
      return completedBody(done);
    },
  }),
  route({
    ...{ method: "POST", url: "/v1/connect/confirm", scope: "connections:write", tag: "Connect" },
    audited: "connect.confirmed",
    about: () => "nobody",
    summary: "What came back is for the user of your session",
    description: `For flows that were begun with \`confirm\`. Take \`confirmation\` from the query of the return URL, and \`user_id\` from your own
session, never from an address. Another user's is dropped and revoked, as is what nobody confirms within ten minutes. The same
confirmation again gets the same answer.`,
    body: z.strictObject({
      confirmation: text(256).optional().describe("Of the query of the return URL"),
      error: text(256)
        .optional()
        .describe("Of the same query, if there is one in its place: then the answer is that problem"),
      user_id: userId,
    }),
    answer: connected,
    async handle({ body, tell }, { engine }) {
      const { user_id: userId, ...query } = body;
      const done = await confirmConnect(engine, query, { userId });
      tell(toldOf(done));
      return confirmedBody(done);
    },
  }),
  route({
    ...{ method: "POST", url: "/v1/connect/complete", scope: "connections:write", tag: "Connect" },
    audited: "connect.completed",
    about: () => "nobody",
    summary: "The same for an app's server that got the answer",
    description:
      "Says what came of it, also when that is a refusal. The same answer within a minute gets the same result.",
    body: z.strictObject({
      ...{ state: text(512), redirect_uri: address.optional(), ...answerOf, parameters },
      binding: binding.describe("Of the user's session, where the flow was begun with one"),
    }),
    answer: z.discriminatedUnion("kind", [
      connected.omit({ status: true }).extend({ kind: z.literal("connected") }),
      pending.omit({ status: true }).extend({ kind: z.literal("pending") }),
      refused,
    ]),
    async handle({ body, tell }, { engine }) {
      const { state, redirect_uri: redirectUri, binding, parameters = {}, ...rest } = body;
      const done = await completeConnect(engine, {
        state,
        redirectUri,
        binding,
        ...toAnswer({ ...parameters, ...rest }),
      });
      tell(toldOf(done));
      if (done.kind === "refused") return toWire(done);
      if (done.kind === "pending") return toWire(done);
      return { ...toWire(done), missing_scopes: [...done.missingScopes] };
    },
  }),
  route({
    ...{ method: "POST", url: "/v1/connect/links", scope: "connections:write", tag: "Connect" },
    audited: "connect.link_made",
    about: ({ body }) => ({ userId: body.user_id, providers: body.providers }),
    summary: "A signed link to the connect page for one user",
    description:
      "The browser that opens it first manages that user's connections for an hour at most: hand it to the user alone.",
    ...{ body: linkBody, status: 201, answer: z.object({ url: z.string(), expires_at: timeOut }) },
    async handle({ body }, { engine }) {
      const { user_id: userId, return_url: returnUrl, user_name: userName, user_email: userEmail, ...rest } = body;
      const { providers, tags, confirm, ttl } = rest;
      const expiresAt = new Date(Date.now() + ttl * 1000);
      const optional = some({ returnUrl, userName, userEmail, providers, tags, confirm });
      const url = await makeConnectLink(engine, { userId, ttlSeconds: ttl, ...optional });
      return { url, expires_at: expiresAt.toISOString() };
    },
  }),
];
