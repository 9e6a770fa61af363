import { isUuid, nudgeDelivery, openFor, sealFor, withStore } from "@evertoken/engine/internal";
import {
  type EndpointView,
  endpointDepsOf,
  html,
  listDeliveries,
  listEndpoints,
  replayDelivery,
  replayFailed,
  saveEndpoint,
  testEndpoint,
} from "@evertoken/operations";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { actorToken, readForm, sessionOf } from "./actions.ts";
import type { PageContext } from "./context.ts";
import { notUnderstood, PageFault } from "./fault.ts";
import { sendPage } from "./page.ts";
import { deliveryStatuses, nameOf, webhookPage, webhooksPage } from "./webhooks-page.ts";

const shown = 50;
const liveSeconds = 5;

type Engine = PageContext["engine"];

/** Receivers of events, what was sent to them, and what can be done about it. */
export function registerWebhooks(app: FastifyInstance, { engine }: PageContext): void {
  app.get("/webhooks", async (request, reply) => {
    const endpoints = await withStore(() => listEndpoints(endpointDepsOf(engine)));
    const content = webhooksPage(endpoints, new Date());
    return sendPage(reply, {
      title: "Webhooks",
      content,
      section: "webhooks",
      session: sessionOf(request),
      live: liveSeconds,
    });
  });
  app.get("/webhooks/:id", (request, reply) => showEndpoint(engine, request, reply));
  for (const name of Object.keys(acts))
    app.post(`/webhooks/:id/${name}`, (request, reply) => act(engine, name, request, reply));
  app.post("/webhooks/:id/secret", (request, reply) => newSecret(engine, request, reply));
  app.post("/webhooks/deliveries/:delivery/replay", (request, reply) => replayOne(engine, request, reply));
}

async function showEndpoint(engine: Engine, request: FastifyRequest, reply: FastifyReply) {
  const { status, before, done } = readQuery(request.query);
  const endpoint = await find(engine, request);
  const filter = {
    endpointId: endpoint.id,
    limit: shown + 1,
    ...(status === null ? {} : { status }),
    ...(before === null ? {} : { before }),
  };
  const found = await withStore(() => listDeliveries(engine.pool, filter));
  const deliveries = found.slice(0, shown);
  const session = sessionOf(request);
  const content = webhookPage({
    ...{ endpoint, deliveries, status, first: before === null, now: new Date(), told: toldOf(openDone(engine, done)) },
    next: found.length > shown ? (deliveries.at(-1)?.id ?? null) : null,
    formToken: actorToken(session),
  });
  const live = before === null ? { live: liveSeconds } : {};
  return sendPage(reply, { title: nameOf(endpoint), content, section: "webhooks", session, ...live });
}

/** @throws {PageFault} 400 */
function readQuery(query: unknown): { status: string | null; before: string | null; done: string | null } {
  const { status = "", before = "", done = "", ...others } = (query ?? {}) as Record<string, unknown>;
  const [other] = Object.keys(others);
  if (other !== undefined) throw notUnderstood(`There is no filter "${other}". There are: status, before.`);
  if (status !== "" && !deliveryStatuses.includes(String(status)))
    throw notUnderstood(
      `"status" cannot be "${String(status).slice(0, 32)}". It can be: ${deliveryStatuses.join(", ")}.`,
    );
  if (before !== "" && !/^\d{1,18}$/.test(String(before)))
    throw notUnderstood(`"before" has to be the id of a delivery.`);
  const given = (value: unknown) => (value === "" ? null : String(value));
  return { status: given(status), before: given(before), done: given(done) };
}

/** @throws {PageFault} 404 */
async function find(engine: Engine, request: FastifyRequest): Promise<EndpointView> {
  const { id } = request.params as { id: string };
  const endpoints = isUuid(id) ? await withStore(() => listEndpoints(endpointDepsOf(engine))) : [];
  const found = endpoints.find((each) => each.id === id.toLowerCase());
  if (found === undefined) throw new PageFault(404, "Not found", "There is no such receiver of events.");
  return found;
}

const told = {
  taken: { tone: "ok", text: "It took the test. What waits for it is being sent." },
  refused: { tone: "bad", text: "It did not take the test" },
  off: { tone: "warn", text: "It is switched off: nothing was sent." },
  replayed: { tone: "ok", text: "On the way again, with the same ids." },
  nothing: { tone: "warn", text: "There is nothing that was given up." },
  on: { tone: "ok", text: "Switched on: events are sent to it." },
  switched_off: { tone: "warn", text: "Switched off: nothing is sent to it any more." },
} as const;

const purpose = "webhooks/done";
const doneMs = 600_000;

/** Sealed, since it goes through an address: nobody else has this page say what was done. */
const sealDone = (engine: Engine, done: string) =>
  new URLSearchParams({ done: sealFor(engine, purpose, { done }, doneMs) }).toString();

const openDone = (engine: Engine, sealed: string | null): string | null =>
  sealed === null ? null : (openFor<{ done: string }>(engine, purpose, sealed)?.done ?? null);

/** `refused HTTP 503 after 12 ms`: what came of an action, as the next page says it. */
function toldOf(done: string | null) {
  const [code = "", ...rest] = (done ?? "").split(" ");
  if (!Object.hasOwn(told, code)) return null;
  const { tone, text } = told[code as keyof typeof told];
  const more = rest.join(" ").slice(0, 120);
  return { tone, text: more === "" ? text : `${text}: ${more}.` };
}

interface Act {
  readonly audited: string;
  readonly run: (engine: Engine, endpoint: EndpointView) => Promise<string>;
}

const acts: Readonly<Record<string, Act>> = {
  test: {
    audited: "webhook.tested",
    async run(engine, { id }) {
      const tested = await testEndpoint(engine, id);
      if (tested === null) return "off";
      return tested.delivered ? "taken" : `refused ${tested.error} after ${tested.answerMs} ms`;
    },
  },
  "replay-failed": {
    audited: "webhook.replayed",
    async run({ pool, queues }, { id }) {
      const replayed = await withStore(() => replayFailed(pool, id));
      if (replayed === 0) return "nothing";
      await nudgeDelivery(queues).catch(() => undefined);
      return `replayed ${replayed} of them`;
    },
  },
  enable: { audited: "webhook.saved", run: (engine, endpoint) => setEnabled(engine, endpoint, true) },
  disable: { audited: "webhook.saved", run: (engine, endpoint) => setEnabled(engine, endpoint, false) },
};

async function setEnabled(engine: Engine, { id }: EndpointView, enabled: boolean): Promise<string> {
  await save(engine, { id, enabled });
  if (enabled) await nudgeDelivery(engine.queues).catch(() => undefined);
  return enabled ? "on" : "switched_off";
}

/** @throws {PageFault} 409 */
async function save(engine: Engine, input: Parameters<typeof saveEndpoint>[1]) {
  await withStore(engine.checkKeys);
  const saved = await withStore(() => saveEndpoint(endpointDepsOf(engine), input));
  if (saved.kind === "refused") throw new PageFault(409, "Not possible", `${saved.faults.join("; ")}.`);
  if (saved.kind === "not_found")
    throw new PageFault(409, "Not possible", "It comes from the settings, and is changed there.");
  return saved;
}

async function act(engine: Engine, name: string, request: FastifyRequest, reply: FastifyReply) {
  const { session } = readForm(request);
  const action = acts[name];
  if (action === undefined) throw new TypeError(`there is no action ${name}`);
  const endpoint = await find(engine, request);
  const done = await action.run(engine, endpoint);
  await record(engine, request, session.name, action.audited, { endpoint: endpoint.id, action: name });
  return reply.redirect(`/webhooks/${endpoint.id}?${sealDone(engine, done)}`, 303);
}

const record = (
  engine: Engine,
  request: FastifyRequest,
  person: string,
  action: string,
  detail: Record<string, string>,
) => engine.audit.record({ actor: `person:${person}`, address: request.ip, action, detail });

/** Shown in the answer itself: an address would stay in histories. */
async function newSecret(engine: Engine, request: FastifyRequest, reply: FastifyReply) {
  const { session, form } = readForm(request);
  if (form.sure !== "yes") throw notUnderstood("A new secret has to be confirmed: tick the box beside the button.");
  const { id } = await find(engine, request);
  const { secret } = await save(engine, { id, rotateSecret: true });
  await record(engine, request, session.name, "webhook.saved", { endpoint: id, action: "secret" });
  const content = html`<div class="head"><h1>New signing secret</h1></div><section class="card"><p>Give it to the receiver: it is shown this once. For a day the one of before signs as well.</p>
<div class="gap"><label for="secret">Secret</label><input id="secret" class="code" value="${secret ?? ""}" readonly></div>
<p class="acts gap"><button type="button" data-copy="secret" hidden>Copy</button><a class="button quiet" href="/webhooks/${id}">Back to the receiver</a></p></section>`;
  return sendPage(reply, { title: "New signing secret", content, section: "webhooks", session });
}

async function replayOne(engine: Engine, request: FastifyRequest, reply: FastifyReply) {
  const { session } = readForm(request);
  const { delivery } = request.params as { delivery: string };
  const [found] = await withStore(() => listDeliveries(engine.pool, { id: delivery }));
  if (found === undefined || !(await withStore(() => replayDelivery(engine.pool, delivery))))
    throw new PageFault(404, "Not found", "There is no such delivery, or its event is no longer kept.");
  await record(engine, request, session.name, "webhook.replayed", { delivery });
  await nudgeDelivery(engine.queues).catch(() => undefined);
  return reply.redirect(`/webhooks/${found.endpointId}?${sealDone(engine, "replayed")}`, 303);
}
