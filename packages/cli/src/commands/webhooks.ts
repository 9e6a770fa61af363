import { type Engine, isUuid, nudgeDelivery, withStore } from "@evertoken/engine/internal";
import {
  type DeliveryView,
  type EndpointView,
  endpointDepsOf,
  listDeliveries,
  listEndpoints,
  replayDelivery,
  replayFailed,
  testEndpoint,
} from "@evertoken/operations";
import { type Command, Option } from "commander";
import { auditOperator } from "../audit-operator.ts";
import { formatTime } from "../duration.ts";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";
import type { Run } from "../run.ts";
import { facts, table } from "../table.ts";
import { wholeNumber } from "../whole-number.ts";

export function addWebhooks(program: Command, run: Run): void {
  const webhooks = program.command("webhooks").description("receivers of events, and what was sent to them");
  webhooks.command("list", { isDefault: true }).description("all receivers").action(run(list));
  webhooks
    .command("show <id>")
    .description("a receiver, and what was sent to it, newest first")
    .addOption(new Option("--status <status>", "deliveries of this status").choices(["pending", "delivered", "failed"]))
    .option("--before <id>", "before this delivery: the next page", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--limit <n>", "at most this many", wholeNumber(1, 1000), 20)
    .action(run(show));
  webhooks.command("test <id>").description("send a signed test event now, and say what came back").action(run(test));
  webhooks
    .command("replay [delivery]")
    .description("deliver an event once more, with the same id")
    .option("--failed-of <id>", "all that this receiver did not take and that were given up")
    .action(run(replay));
}

async function list(io: Io): Promise<undefined> {
  await withEngine(io, async ({ engine }) => {
    const found = await withStore(() => listEndpoints(endpointDepsOf(engine)));
    const now = new Date();
    io.result(found, () => (found.length === 0 ? ["no receivers"] : toTable(found, now)));
  });
}

const toTable = (endpoints: readonly EndpointView[], now: Date) =>
  table(
    ["ID", "KIND", "TARGET", "EVENTS", "STATE"],
    endpoints.map((each) => [each.id, each.kind, each.target, eventsOf(each), stateOf(each, now)]),
  );

const eventsOf = ({ events, tags }: EndpointView) =>
  [
    events.length === 0 ? "what its kind needs" : events.join(" "),
    ...(tags.length === 0 ? [] : [`of ${tags.join(" ")}`]),
  ].join(", ");

function stateOf({ enabled, failingSince }: EndpointView, now: Date): string {
  if (!enabled) return "off";
  return failingSince === null ? "on" : `failing since ${formatTime(failingSince, now)}`;
}

interface ShowOptions {
  readonly status?: string;
  readonly before?: number;
  readonly limit: number;
}

async function show(io: Io, id: string, { status, before, limit }: ShowOptions): Promise<undefined> {
  await withEngine(io, async ({ engine }) => {
    const endpoint = await find(engine, id);
    const deliveries = await withStore(() =>
      listDeliveries(engine.pool, {
        ...{ endpointId: endpoint.id, limit },
        ...(status === undefined ? {} : { status }),
        ...(before === undefined ? {} : { before: String(before) }),
      }),
    );
    const now = new Date();
    const { oldSecretUntil, createdAt } = endpoint;
    io.result({ ...endpoint, deliveries }, () => [
      ...facts({
        id: endpoint.id,
        kind: endpoint.kind,
        target: endpoint.target,
        events: eventsOf(endpoint),
        state: stateOf(endpoint, now),
        "old secret until": formatTime(oldSecretUntil, now),
        "from settings": endpoint.fromSettings ? "yes" : "no",
        created: formatTime(createdAt, now),
      }),
      "",
      ...(deliveries.length === 0 ? ["nothing was sent to it"] : deliveryTable(deliveries)),
    ]);
    if (deliveries.length === limit) io.note(`There may be more: --before ${deliveries.at(-1)?.id}`);
  });
}

const deliveryTable = (deliveries: readonly DeliveryView[]) =>
  table(
    ["DELIVERY", "EVENT", "CONNECTION", "STATUS", "ATTEMPTS", "HTTP", "MS", "LAST ATTEMPT", "ERROR"],
    deliveries.map((each) => [
      ...[each.id, each.event, each.connectionId, each.status, each.attempts, each.httpStatus, each.answerMs],
      ...[each.attemptedAt?.toISOString(), each.error],
    ]),
  );

async function test(io: Io, id: string): Promise<number> {
  return withEngine(io, async ({ engine }) => {
    const { id: endpoint } = await find(engine, id);
    await auditOperator(engine, { action: "webhook.tested", detail: { endpoint } });
    const tested = await testEndpoint(engine, endpoint);
    if (tested === null) throw new UsageError("it is switched off, or mails users: there is nothing to test");
    const { delivered, httpStatus, error, answerMs } = tested;
    io.result(tested, () => [
      delivered
        ? `taken${httpStatus === null ? "" : `: HTTP ${httpStatus}`}, after ${answerMs} ms`
        : `not taken: ${error}, after ${answerMs} ms`,
    ]);
    return delivered ? 0 : 1;
  });
}

async function replay(io: Io, delivery: string | undefined, { failedOf }: { failedOf?: string }): Promise<number> {
  if ((delivery === undefined) === (failedOf === undefined))
    throw new UsageError("name a delivery (`evertoken webhooks show` lists them), or a receiver with --failed-of");
  return withEngine(io, async ({ engine }) => {
    const endpoint = failedOf === undefined ? undefined : (await find(engine, failedOf)).id;
    const detail = endpoint === undefined ? { delivery: delivery ?? "" } : { endpoint, failed: true };
    await auditOperator(engine, { action: "webhook.replayed", detail });
    const replayed = await withStore(async () =>
      endpoint === undefined
        ? Number(await replayDelivery(engine.pool, delivery ?? ""))
        : replayFailed(engine.pool, endpoint),
    );
    if (endpoint === undefined && replayed === 0)
      throw new UsageError(`there is no delivery ${delivery}, or its event is no longer kept`);
    await nudgeDelivery(engine.queues).catch(() => io.note("Redis does not answer: they are sent when it does."));
    io.result({ replayed }, () => [`${replayed} ${replayed === 1 ? "is" : "are"} on the way again`]);
    return 0;
  });
}

/** By its id, or by how that begins if no other begins so. @throws {UsageError} */
async function find(engine: Engine, id: string): Promise<EndpointView> {
  const all = await withStore(() => listEndpoints(endpointDepsOf(engine)));
  const found = all.filter((each) =>
    isUuid(id) ? each.id === id.toLowerCase() : id !== "" && each.id.startsWith(id.toLowerCase()),
  );
  if (found.length === 1 && found[0] !== undefined) return found[0];
  throw new UsageError(
    found.length === 0
      ? `there is no receiver ${id}: \`evertoken webhooks list\` names them`
      : `several receivers begin with "${id}"`,
  );
}
