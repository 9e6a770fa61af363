import { dropRevocation, VaultError } from "@evertoken/adapters";
import type { Confirmed, ConfirmInput, ReturnQuery } from "@evertoken/client";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";
import { ConnectRefused, refusalCodeOf } from "./connect-refusal.ts";
import { audited, endFlow, refusedFlow } from "./end-flow.ts";
import { dropPending, findPending, openPending, type PendingRow, type ToConfirm } from "./pending-grants.ts";
import { keepOutcome, outcomeConfirmed } from "./repeated-answer.ts";
import { revokeGrant } from "./revoke-grant.ts";

/**
 * The app's word that what a flow brought is for the user of the session in which it came back (RFC 9700 section 4.7). Another user's is
 * dropped and revoked. The same confirmation again gets the same result.
 *
 * @throws {EvertokenError} `invalid_input`; when Postgres is away
 */
export async function confirmConnect(engine: Engine, query: ReturnQuery, { userId }: ConfirmInput): Promise<Confirmed> {
  const { confirmation, error } = readQuery(query);
  if (typeof userId !== "string" || userId === "") {
    throw new EvertokenError("invalid_input", "userId: needs the id of your session's user");
  }
  if (confirmation !== null) return engine.work.run(() => confirm(engine, confirmation, userId));
  if (error !== null) return refusedFlow(engine, new ConnectRefused(refusalCodeOf(error)), null, null);
  throw new EvertokenError(
    "invalid_input",
    "query: has no `confirmation`; pass the whole query of the return URL, of a flow that was begun with `confirm`",
  );
}

function readQuery(query: ReturnQuery): { confirmation: string | null; error: string | null } {
  const plain = typeof query === "string" || query instanceof URLSearchParams ? new URLSearchParams(query) : null;
  const one = (name: string) => {
    const value = plain === null ? (query as Readonly<Record<string, unknown>>)[name] : plain.get(name);
    return typeof value === "string" && value !== "" ? value : null;
  };
  return { confirmation: one("confirmation"), error: one("error") };
}

async function confirm(engine: Engine, confirmation: string, userId: string): Promise<Confirmed> {
  await withStore(engine.checkKeys);
  const found = await findPending(engine, confirmation);
  if (found === null) return refusedFlow(engine, new ConnectRefused("confirmation_unknown"), null, null);
  const refuse = (why: ConnectRefused) => {
    // Where another user was to be sent is nobody else's business.
    const returnUrl = why.code === "confirmed_for_another" ? null : found.returnUrl;
    return refusedFlow(engine, why, found, returnUrl);
  };
  try {
    if (found.userId !== userId) return refuse(await forAnother(engine, found));
    if (found.pending === null) return (await outcomeConfirmed(engine, found.stateHash)) ?? refuse(ended());
    if (found.late) return refuse(ended());
    return await storeConfirmed(engine, found, found.pending, userId);
  } catch (error) {
    if (error instanceof ConnectRefused) return refuse(error);
    // The key was taken out of the ring since, or the row was altered.
    if (error instanceof VaultError) return refuse(new ConnectRefused("confirmation_unknown", error.message));
    throw error;
  }
}

const ended = () => new ConnectRefused("confirmation_expired");

async function storeConfirmed(engine: Engine, found: ToConfirm, row: PendingRow, userId: string): Promise<Confirmed> {
  const { flow, granted, identity, askedAt, clientId } = openPending(engine, row);
  // What stands in the clear beside it decides nothing.
  if (flow.userId !== userId) throw await forAnother(engine, found);
  const configured = await withStore(() => engine.providers.find(flow.provider));
  const registration = await withStore(() => engine.registrations.find(flow.provider, flow.registration));
  if (configured === undefined || registration?.clientId !== clientId) {
    throw new ConnectRefused("invalid_client", "the client registration is gone, or another one by now");
  }
  const obtained = { granted, identity, askedAt, registration };
  const outcome = await endFlow(engine, configured, flow, obtained, row.id).catch(async (error: unknown) => {
    if (!(error instanceof ConnectRefused)) throw error;
    // The same confirmation at the same moment was faster, or this one leads nowhere.
    const before = error.code === "confirmation_expired" ? await outcomeConfirmed(engine, found.stateHash) : null;
    if (before !== null) return before;
    await giveUp(engine, row);
    throw error;
  });
  await keepOutcome(engine, found.stateHash, outcome).catch(() => {});
  return outcome;
}

async function forAnother(engine: Engine, { pending, ...flow }: ToConfirm): Promise<ConnectRefused> {
  if (pending !== null) await giveUp(engine, pending);
  await audited(engine, flow, "connect.confirmed_for_another", {});
  return new ConnectRefused("confirmed_for_another");
}

/** Asked at once; should the provider not answer, the scheduler has it tried again. */
async function giveUp(engine: Engine, row: PendingRow): Promise<void> {
  const revocation = await dropPending(engine, row);
  if (revocation === null) return;
  if ((await revokeGrant(engine, revocation)) !== "later") await dropRevocation(engine.pool, revocation.id);
}
