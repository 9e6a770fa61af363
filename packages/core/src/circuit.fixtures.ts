import { heldUntil, mayProbe, reopensWithinMs, suspectedForMs } from "./circuit.ts";
import type { CommitRecord, Lease } from "./commit-record.ts";
import type { CircuitCode, Connection, Sealed } from "./connection.ts";
import { connection, granted, policy, setbacks } from "./decide.fixtures.ts";
import { mostCompared, type Surroundings } from "./fault.ts";
import type { Outcome } from "./outcome.ts";
import type { Claim, MetFault, RefreshDeps, RefreshOrder, Store } from "./ports.ts";
import { refresh } from "./refresh.ts";
import { defaultTiming, type Timing } from "./timing.ts";
import type { ProviderChange } from "./transition.ts";

/** How a connection of the model is answered whenever it is asked. */
export type Nature = "healthy" | "misconfigured" | "unknown" | "denied";

interface Member {
  row: Connection;
  readonly nature: Nature;
  /** When its job comes; null: it has none. */
  jobAt: number | null;
  asking: boolean;
  leasedAt: number;
  refreshedAt: number;
  fault: (MetFault & { at: number; times: number; firstAt: number | null }) | null;
  /** How often it was asked for. */
  asked: number;
  /** Its last error is `mass_denial`. */
  doubted: boolean;
}

interface Circuit {
  open: boolean;
  code: CircuitCode;
  openedAt: number;
  since: number;
  reopened: number;
  fromMany: boolean;
  nextProbeAt: number;
  roundAt: number;
  closedAt: number;
  believedAt: number;
  doubtedAt: number;
}

export interface WorldOptions {
  readonly natures: readonly Nature[];
  /** When each first comes due, in ms. */
  readonly dueAt: readonly number[];
  readonly concurrency: number;
  readonly random: () => number;
  /** What everybody is answered at a time in place of what their nature says; null: by their nature. */
  readonly trouble?: (now: number) => Outcome | null;
}

export const start = Date.parse("2026-11-21T00:00:00Z");
const timing: Timing = { ...defaultTiming, spreadMs: 0 };
const latencyMs = 400;

/**
 * One registration and its connections in a world without Postgres: `refresh` and its decisions are the real ones, the clock is not.
 * The store does what the statements do, one after another.
 */
export class CircuitWorld {
  readonly members: Member[];
  readonly told: { readonly event: "opened" | "closed"; readonly at: number }[] = [];
  /** Requests that were answered. */
  asked = 0;
  now = start;
  circuit: Circuit | null = null;
  readonly #grants: number[] = [];
  readonly #options: WorldOptions;
  readonly #running: { readonly member: Member; readonly endsAt: number; readonly end: () => Promise<void> }[] = [];

  constructor(options: WorldOptions) {
    this.#options = options;
    this.members = options.natures.map((nature, i) => {
      const due = start + (options.dueAt[i] ?? 0);
      const id = `00000000-0000-4000-8000-${Math.floor(options.random() * 2 ** 40)
        .toString(16)
        .padStart(12, "0")}`;
      return {
        row: connection({ id, nextRefreshAt: new Date(due), expiresAt: new Date(due + 300_000), generation: 1 }),
        ...{ nature, jobAt: due, asking: false, leasedAt: 0, refreshedAt: 0, fault: null, asked: 0, doubted: false },
      };
    });
  }

  /** Lets time pass until the condition holds, or for so long. @returns how long it took in ms */
  async run(forMs: number, done: () => boolean = () => false): Promise<number> {
    const from = this.now;
    while (!done() && this.now < from + forMs && (await this.#step(from + forMs)));
    return this.now - from;
  }

  /** Somebody asks for all of them at this moment. */
  pester(): void {
    for (const member of this.members)
      if (!member.asking && member.row.status !== "needs_reauth") member.jobAt = this.now;
  }

  async #step(end: number): Promise<boolean> {
    const next = this.members
      .filter(({ jobAt, asking }) => jobAt !== null && !asking)
      .sort((a, b) => (a.jobAt as number) - (b.jobAt as number))[0];
    const [ending] = this.#running;
    const startsAt =
      next === undefined || this.#running.length >= this.#options.concurrency ? Infinity : (next.jobAt as number);
    if (Math.min(startsAt, ending?.endsAt ?? Infinity) > end) {
      this.now = end;
      return false;
    }
    if (ending !== undefined && ending.endsAt <= startsAt) {
      this.#running.shift();
      this.now = Math.max(this.now, ending.endsAt);
      await ending.end();
    } else if (next !== undefined) {
      this.now = Math.max(this.now, startsAt);
      await this.#start(next);
    }
    return true;
  }

  async #start(member: Member): Promise<void> {
    const { id, generation } = member.row;
    const order: RefreshOrder = { connectionId: id, generation, trigger: "scheduled", onlyDue: true, force: false };
    let answer: (outcome: Outcome) => void = () => {};
    let sent: () => void = () => {};
    const reached = new Promise<"sent">((resolve) => {
      sent = () => resolve("sent");
    });
    const deps = this.#deps(() => {
      sent();
      return new Promise<Outcome>((resolve) => {
        answer = resolve;
      });
    });
    const result = refresh(order, deps);
    const end = async () => {
      this.asked++;
      member.asked++;
      answer(this.#options.trouble?.(this.now - start) ?? answerOf(member.nature));
      const settled = await result;
      member.asking = false;
      if (settled.kind !== "settled") return;
      const { transition } = settled.record;
      if (transition.kind === "store") member.jobAt = transition.nextRefreshAt?.getTime() ?? null;
      else if (member.row.status !== "needs_reauth" || transition.job !== "stop")
        member.jobAt ??= transition.resumeAt?.getTime() ?? null;
    };
    member.asking = true;
    if ((await Promise.race([reached, result.then(() => "over" as const)])) === "sent") {
      member.jobAt = null;
      const endsAt = this.now + latencyMs * (0.5 + this.#options.random());
      this.#running.push({ member, endsAt, end });
      this.#running.sort((a, b) => a.endsAt - b.endsAt);
      return;
    }
    const refused = await result;
    member.asking = false;
    member.jobAt = refused.kind === "refused" ? (refused.until?.getTime() ?? null) : null;
  }

  #deps(ask: () => Promise<Outcome>): RefreshDeps {
    const nothing = async () => {};
    return {
      store: this.#store(),
      spool: { note: () => {}, strike: () => {}, keep: nothing, find: async () => null, drop: nothing },
      vault: { open: (text) => text, seal: (text) => text as Sealed },
      timing,
      providerOf: async () => ({
        kind: "known",
        ...{ policy, fingerprint: "secret", client: "client", ask },
        classify: () => setbacks.unknown,
        grantHash: () => "hash",
      }),
      now: () => new Date(this.now),
      random: this.#options.random,
      wait: (_, signal) => new Promise((resolve) => signal?.addEventListener("abort", () => resolve())),
      announce: nothing,
      observe: () => {},
    };
  }

  #store(): Store {
    return {
      claim: async (order) => this.#claim(order),
      meetFault: async (met) => this.#meet(met),
      commit: async (record) => {
        this.#commit(record);
        return "committed";
      },
    };
  }

  #claim({ connectionId }: RefreshOrder): Claim {
    const member = this.#member(connectionId);
    const { circuit, now } = this;
    const { notBefore } = member.row;
    if (notBefore !== null && notBefore.getTime() > now)
      return { kind: "refused", why: "doubted", until: notBefore, generation: 1, nextRefreshAt: null, circuit: null };
    if (circuit?.open === true && !this.#winsProbe(member, circuit)) {
      const until = heldUntil(connectionId, new Date(circuit.nextProbeAt), new Date(now), timing);
      const held = { until, generation: 1, nextRefreshAt: null, circuit: circuit.code };
      if (until.getTime() <= now) throw new Error("held wrongly");
      return { kind: "refused", why: "circuit_open", ...held };
    }
    const lease: Lease = {
      ...{ owner: "we", connection: member.row, abandonedSince: null, grantedWith: "secret" },
      ...{ probing: circuit?.open ?? false, ownFault: this.#ownFault(member) },
    } as Lease;
    member.leasedAt = now;
    return { kind: "claimed", lease };
  }

  #ownFault({ row, fault, refreshedAt }: Member): CircuitCode | null {
    if (row.status === "error" && this.#member(row.id).fault?.code === "invalid_client") return "invalid_client";
    const { circuit, now } = this;
    if (fault === null || circuit === null || circuit.open || fault.at >= circuit.closedAt || refreshedAt >= fault.at)
      return null;
    return circuit.closedAt > now - suspectedForMs(timing) ? fault.code : null;
  }

  #winsProbe(member: Member, circuit: Circuit): boolean {
    const asked = (one: Member) =>
      one.row.status === "error" ||
      one.row.status === "needs_reauth" ||
      one.leasedAt >= circuit.roundAt ||
      (one.fault?.at ?? 0) >= circuit.roundAt;
    const waits = (one: Member) =>
      one !== member &&
      !one.asking &&
      (one.row.nextRefreshAt?.getTime() ?? Infinity) <= this.now + timing.circuitProbeMs &&
      !asked(one) &&
      one.row.status !== "needs_reauth";
    const candidate = { asked: asked(member), othersWait: this.members.some(waits) };
    if (!mayProbe(candidate, new Date(circuit.nextProbeAt), new Date(this.now), timing)) return false;
    if (candidate.asked) circuit.roundAt = this.now;
    circuit.nextProbeAt = this.now + timing.circuitProbeMs;
    return true;
  }

  #meet(met: MetFault): Surroundings {
    const { now, circuit } = this;
    const member = this.#member(met.connection.id);
    const again = member.fault?.code === met.code && member.fault.at > member.refreshedAt ? member.fault : null;
    const times = again === null ? 1 : again.times + (this.#grants.some((at) => at > again.at) ? 1 : 0);
    const firstAt = again === null ? null : (again.firstAt ?? again.at);
    const known = met.known || (met.code === "mass_denial" && again !== null);
    member.fault = { ...met, known, at: now, times, firstAt };
    const closedAt = circuit?.closedAt ?? 0;
    const faults = this.members
      .flatMap(({ fault }) => (fault === null || fault.code !== met.code ? [] : [fault]))
      .filter(
        ({ at, known, connection: { id } }) =>
          at > now - timing.unknownWindowMs &&
          at > closedAt &&
          (!known || (met.known && met.code !== "mass_denial") || id === met.connection.id),
      )
      .sort((a, b) => b.at - a.at);
    const first = faults.slice(0, mostCompared).at(-1)?.at ?? now;
    const recent = this.#grants.filter((at) => at > now - timing.unknownWindowMs);
    return {
      others: faults.length - 1,
      granted: recent.filter((at) => at >= first).length,
      grantedSinceClosed: closedAt === 0 ? 0 : recent.filter((at) => at > closedAt).length,
      ...{ times, firstAt: firstAt === null ? null : new Date(firstAt) },
      suspected: (circuit?.doubtedAt ?? 0) > now - suspectedForMs(timing),
      usual: 0,
      code: circuit?.open === true ? circuit.code : null,
      since: circuit?.open === true ? new Date(circuit.since) : null,
      reopened: circuit !== null && closedAt > now - reopensWithinMs(timing) ? circuit.reopened + 1 : 0,
      believed: this.#believes(),
    };
  }

  #believes(): boolean {
    const believedAt = this.circuit?.believedAt ?? 0;
    return believedAt > this.now - 86_400_000 && !this.#grants.some((at) => at > believedAt);
  }

  #commit({ connectionId, transition, log }: CommitRecord): void {
    const member = this.#member(connectionId);
    const { row, nature } = member;
    if (transition.kind === "store") {
      this.#grants.push(log.at.getTime());
      member.refreshedAt = this.now;
      member.doubted = false;
      const { expiresAt, nextRefreshAt } = transition;
      member.row = {
        ...row,
        status: "connected",
        expiresAt,
        nextRefreshAt,
        notBefore: null,
        failingSince: null,
        generation: row.generation + 1,
        consecutiveFailures: 0,
      };
    } else {
      const { status, nextRefreshAt, notBefore, failingSince, consecutiveFailures } = transition;
      if (nature === "healthy" && this.#options.trouble === undefined)
        throw new Error("a healthy connection was not granted");
      member.row = { ...row, status, nextRefreshAt, notBefore, failingSince, consecutiveFailures };
      if (transition.errorCode !== null) member.doubted = transition.errorCode === "mass_denial";
      if (transition.job === "stop") member.jobAt = null;
    }
    this.#change(transition.provider);
    if (transition.kind === "setback" && member.fault !== null) this.#pardon();
  }

  #change(change: ProviderChange | null): void {
    const { now, circuit } = this;
    if (change?.kind === "open_circuit" && circuit?.open !== true) {
      const closedAt = circuit?.closedAt ?? 0;
      const { code, reopened, fromMany } = change;
      const met = this.members.flatMap(({ fault }) =>
        fault?.code === code && fault.at > closedAt && fault.at > now - timing.unknownWindowMs ? [fault.at] : [],
      );
      this.circuit = {
        ...{ open: true, code, reopened, fromMany, openedAt: now, closedAt, believedAt: circuit?.believedAt ?? 0 },
        doubtedAt: code === "mass_denial" ? now : (circuit?.doubtedAt ?? 0),
        ...{
          since: reopened > 0 ? (circuit?.since ?? now) : now,
          nextProbeAt: change.nextProbeAt.getTime(),
          roundAt: Math.min(now, ...met),
        },
      };
      this.told.push({ event: "opened", at: now });
    }
    if (change?.kind === "close_circuit" && circuit?.open === true) {
      const doubtedAt = circuit.code === "mass_denial" ? now : circuit.doubtedAt;
      this.circuit = { ...circuit, open: false, closedAt: now, believedAt: change.believed ? now : 0, doubtedAt };
      this.told.push({ event: "closed", at: now });
    }
  }

  #pardon(): void {
    const { circuit, now } = this;
    const since = Math.max(circuit?.closedAt ?? 0, now - timing.unknownWindowMs);
    const doubts = this.members.some(({ doubted, fault }) => doubted && (fault?.at ?? 0) > since);
    const held = circuit?.open === true && circuit.fromMany;
    for (const member of this.members) {
      const { fault, row } = member;
      if (fault === null || fault.at <= (circuit?.closedAt ?? 0)) continue;
      const dead = doubts && row.status === "needs_reauth" && fault.at > since && fault.firstAt === null;
      const odd =
        held && row.status === "error" && fault.code === circuit.code && fault.at > circuit.openedAt - 3_600_000;
      if (!dead && !odd) continue;
      const nextProbeAt = held ? circuit.nextProbeAt : now + timing.circuitProbeMs;
      member.row = {
        ...row,
        status: "connected",
        failingSince: null,
        consecutiveFailures: 0,
        nextRefreshAt: new Date(nextProbeAt),
      };
      member.jobAt = nextProbeAt;
    }
  }

  #member(id: string): Member {
    return this.members.find(({ row }) => row.id === id) as Member;
  }
}

function answerOf(nature: Nature): Outcome {
  return nature === "healthy" ? granted() : setbacks[nature];
}

export const { circuitProbeMs } = timing;
