import { expect, test } from "vitest";
import { circuitResumeAt } from "./circuit.ts";
import type { Connection, ConnectionStatus } from "./connection.ts";
import {
  at,
  connection,
  context,
  day,
  type Given,
  granted,
  hour,
  minute,
  now,
  policy,
  setbacks,
  surroundings,
} from "./decide.fixtures.ts";
import { decide } from "./decide.ts";
import type { Surroundings } from "./fault.ts";
import type { Outcome } from "./outcome.ts";
import type { Setback, Store } from "./transition.ts";

const setback = (of: Partial<Connection>, outcome: Outcome, given: Given = {}) =>
  decide(connection(of), outcome, context(given)) as Setback;
const store = (of: Partial<Connection>, outcome: Outcome, given: Given = {}) =>
  decide(connection(of), outcome, context(given)) as Store;

const statuses: ConnectionStatus[] = ["connected", "token_expired", "needs_reauth", "error", "disconnected"];
const living = { expiresAt: at(5 * minute) };
const ended = { expiresAt: at(-1) };

type Row = [keyof typeof setbacks, ConnectionStatus, ConnectionStatus, ConnectionStatus, Setback["job"]];

// outcome, status before, status after while the access token lives, after its end, what becomes of the job
const rows: Row[] = [
  ...statuses.map((s): Row => ["denied", s, "needs_reauth", "needs_reauth", "stop"]),
  ...statuses.map((s): Row => ["misconfigured", s, s, s, "postpone"]),
  ...statuses.map((s): Row => {
    const status = s === "needs_reauth" ? s : "error";
    return ["unknown", s, status, status, "postpone"];
  }),
  ...statuses.map((s): Row => ["unreadable", s, "error", "error", "postpone"]),
  ...statuses.map((s): Row => ["unaddressable", s, "error", "error", "postpone"]),
  ...(["transient", "unsent", "uncertain"] as const).flatMap((kind): Row[] => [
    [kind, "connected", "connected", "token_expired", "retry"],
    [kind, "token_expired", "connected", "token_expired", "retry"],
    [kind, "error", "error", "error", "retry"],
    [kind, "needs_reauth", "needs_reauth", "needs_reauth", "retry"],
  ]),
  ["throttled", "connected", "connected", "token_expired", "postpone"],
  ["throttled", "token_expired", "connected", "token_expired", "postpone"],
  ["throttled", "error", "error", "error", "postpone"],
];

test.each(rows)("%s on %s: %s while the access token lives, %s after, job: %s", (kind, status, alive, dead, job) => {
  expect(setback({ status, ...living }, setbacks[kind])).toMatchObject({ kind: "setback", status: alive, job });
  expect(setback({ status, ...ended }, setbacks[kind])).toMatchObject({ kind: "setback", status: dead, job });
});

test.each(Object.keys(setbacks) as (keyof typeof setbacks)[])("%s has a job to come back with, or stops", (kind) => {
  const { job, resumeAt, nextRefreshAt } = setback({}, setbacks[kind]);
  if (job === "stop") expect([resumeAt, nextRefreshAt]).toEqual([null, null]);
  else expect((resumeAt as Date).getTime()).toBeGreaterThanOrEqual(now.getTime());
});

test("a grant counts its lifetimes from the moment of asking, and forgets the failures", () => {
  const decided = store(
    { status: "token_expired", consecutiveFailures: 9 },
    granted({ refreshTokenExpiresIn: 86_400 }),
  );
  expect(decided).toMatchObject({
    kind: "store",
    expiresAt: at(1800_000 - 1000),
    refreshTokenExpiresAt: at(day - 1000),
    nextRefreshAt: at(25 * minute - 1000),
    events: ["connection.recovered"],
  });
});

test.each([
  ["unstated", 1800, at(1800_000 - 1000)],
  ["unstated", null, null],
  ["never", 1800, null],
  [90, 1800, at(89_000)],
] as const)("expires_in %s with a documented lifetime of %s", (expiresIn, lifetimeSeconds, expiresAt) => {
  const decided = store({}, granted({ expiresIn }), { policy: { ...policy, lifetimeSeconds } });
  expect(decided.expiresAt).toEqual(expiresAt);
  expect(decided.nextRefreshAt === null).toBe(expiresAt === null);
});

test("what was odd about an answer is told, and a token that is not to be served has ended", () => {
  const odd = store({ scopes: ["a", "b"] }, granted({ expiresIn: 0, scopes: ["a"], notes: ["one", "two"] }));
  expect(odd).toMatchObject({ message: "one; two; granted without the scopes: b", expiresAt: at(-1000) });
  expect(odd.nextRefreshAt).toEqual(at(29_000));
});

test("an answer without a refresh token keeps the one there was, and the job", () => {
  expect(store({}, granted({ refreshToken: null })).nextRefreshAt).toEqual(at(25 * minute - 1000));
});

test("a token that nothing can renew comes back when it ends", () => {
  const decided = store({ refreshToken: null }, granted({ refreshToken: null }));
  expect(decided.nextRefreshAt).toEqual(decided.expiresAt);
});

test("using an idle refresh token moves its end; a fixed end stays", () => {
  const idle = store({}, granted(), { policy: { ...policy, refreshTokenIdleSeconds: 3600 } });
  expect(idle.refreshTokenExpiresAt).toEqual(at(hour - 1000));
  const end = at(14 * day);
  expect(store({ refreshTokenExpiresAt: end }, granted()).refreshTokenExpiresAt).toEqual(end);
});

test("a narrower scope is stored and said; the same or an unstated one is not worth a word", () => {
  expect(store({}, granted({ scopes: ["read"] })).message).toContain("write");
  expect(store({}, granted({ scopes: ["write", "read", "more"] })).message).toBeNull();
  expect(store({}, granted({ scopes: null })).message).toBeNull();
});

test("recovery is told only to those who were told of trouble", () => {
  expect(store({ consecutiveFailures: 3 }, granted()).events).toEqual([]);
  expect(store({ consecutiveFailures: 4 }, granted()).events).toEqual(["connection.recovered"]);
});

test("trouble is told once, with the first failure after the quick retries", () => {
  const told = Array.from(
    { length: 300 },
    (_, failures) =>
      setback({ consecutiveFailures: failures, failingSince: at(-hour) }, setbacks.transient).events.length,
  );
  expect(told.reduce((sum, count) => sum + count, 0)).toBe(1);
  expect(told[3]).toBe(1);
});

test("trouble that passes the 30 days ends in needs_reauth, once told", () => {
  const of = { consecutiveFailures: 900, failingSince: at(-30 * day) };
  const decided = setback({ ...of, status: "token_expired", ...ended }, setbacks.transient);
  expect(decided).toMatchObject({
    job: "stop",
    status: "needs_reauth",
    errorCode: "provider_unavailable",
    failingSince: of.failingSince,
    events: ["connection.needs_reauth"],
  });
});

test("a provider in trouble that asks for more time than our own delay gets it", () => {
  const decided = setback({}, { ...setbacks.transient, retryAfterMs: 90_000 });
  expect(decided).toMatchObject({ resumeAt: at(90_000), notBefore: at(90_000), consecutiveFailures: 1 });
  expect(setback({}, { ...setbacks.transient, retryAfterMs: 10 * day }).resumeAt).toEqual(at(day));
  expect(setback({}, { ...setbacks.transient, retryAfterMs: 5 }).resumeAt).toEqual(at(1000));
});

test.each([
  [7000, 7000],
  [0, 0],
  [-5, 0],
  [null, minute],
  [3 * day, day],
])("throttled for %s ms waits %s ms, and nothing is counted", (retryAfterMs, waitMs) => {
  const of = { consecutiveFailures: 2, failingSince: at(-hour), lostAnswers: 1 };
  const decided = setback(of, { ...setbacks.throttled, retryAfterMs });
  expect(decided).toMatchObject({ ...of, resumeAt: at(waitMs), notBefore: at(waitMs), provider: null, events: [] });
});

test("an app-wide limit pauses the provider and leaves the connection alone", () => {
  const decided = setback({}, { ...setbacks.throttled, scope: "provider" });
  expect(decided).toMatchObject({ notBefore: null, provider: { kind: "throttle", until: at(7000) } });
});

test("a misconfiguration of ours leaves no mark on the connection and opens the circuit", () => {
  const of = connection({ consecutiveFailures: 1, failingSince: at(-hour), nextRefreshAt: at(-5) });
  const { status, nextRefreshAt, notBefore, failingSince, consecutiveFailures, lostAnswers } = of;
  const decided = decide(of, setbacks.misconfigured, context()) as Setback;
  expect(decided).toMatchObject({
    ...{ status, nextRefreshAt, notBefore, failingSince, consecutiveFailures, lostAnswers },
    errorCode: null,
    provider: { kind: "open_circuit", nextProbeAt: at(minute / 4) },
    events: [],
  });
  const again = setback({}, setbacks.misconfigured, { blame: { probing: true } });
  expect(again).toMatchObject({ provider: { nextProbeAt: at(5 * minute) }, events: [] });
});

test("who opened the circuit comes back after all the others, so that one of them is the probe", () => {
  const { timing } = context();
  const probeAt = at(minute / 4);
  const own = setback({}, setbacks.misconfigured).resumeAt as Date;
  for (let i = 0; i < 100; i++) {
    const other = circuitResumeAt(`connection-${i}`, probeAt, timing);
    expect(other.getTime()).toBeGreaterThanOrEqual(probeAt.getTime());
    expect(other.getTime()).toBeLessThan(own.getTime());
  }
});

test("who still gets invalid_client after another one has closed the circuit is at fault itself", () => {
  const decided = setback({}, setbacks.misconfigured, { blame: { own: true } });
  expect(decided).toMatchObject({ status: "error", errorCode: "invalid_client", provider: null, resumeAt: at(hour) });
});

test("the probe that works closes the circuit", () => {
  const decided = store({}, granted(), { blame: { probing: true } });
  expect(decided).toMatchObject({ provider: { kind: "close_circuit", of: null, believed: false } });
});

test.each(["unknown", "unreadable", "unaddressable"] as const)("%s is probed hourly and told once", (kind) => {
  const first = setback({}, setbacks[kind]);
  expect(first).toMatchObject({ resumeAt: at(hour), nextRefreshAt: at(hour), events: ["token.refresh_failed"] });
  expect(setback({ status: "error" }, setbacks[kind]).events).toEqual([]);
});

test("metadata that makes no endpoint is its connection's alone, also while others meet unknown answers", () => {
  const around = surroundings({ others: 9 });
  const decided = setback({}, setbacks.unaddressable, { around });
  expect(decided).toMatchObject({ status: "error", errorCode: "missing_metadata", provider: null });
});

test("denied twice is told once", () => {
  expect(setback({}, setbacks.denied).events).toEqual(["connection.needs_reauth"]);
  expect(setback({ status: "needs_reauth" }, setbacks.denied).events).toEqual([]);
});

test("nothing to spend: the user is asked when the access token ends, not before", () => {
  const waiting = setback(living, setbacks.nothing_to_spend);
  expect(waiting).toMatchObject({ status: "connected", job: "postpone", resumeAt: living.expiresAt, events: [] });
  const over = setback(ended, setbacks.nothing_to_spend);
  expect(over).toMatchObject({ status: "needs_reauth", errorCode: "no_refresh_token", job: "stop" });
});

test("a lost answer: a single-use token is tried once more late in its access token's life, the next time after its end", () => {
  const first = setback(living, setbacks.uncertain);
  const late = new Date((living.expiresAt as Date).getTime() - minute);
  expect(first).toMatchObject({ resumeAt: late, nextRefreshAt: late, notBefore: late, lostAnswers: 1 });
  expect(first).toMatchObject({ errorCode: "answer_lost", status: "connected", consecutiveFailures: 1 });
  const second = setback({ ...living, lostAnswers: 1, consecutiveFailures: 1 }, setbacks.uncertain);
  const { expiresAt } = living;
  expect(second).toMatchObject({ resumeAt: expiresAt, nextRefreshAt: expiresAt, notBefore: expiresAt, lostAnswers: 2 });
  const dead = setback({ ...ended, lostAnswers: 2, consecutiveFailures: 2 }, setbacks.uncertain);
  expect(dead).toMatchObject({ resumeAt: at(4000), notBefore: null });
});

test.each([1, 500, 7000, minute, 119_000])("a rest of life of %i ms is halved for the careful try", (leftMs) => {
  const { resumeAt } = setback({ expiresAt: at(leftMs) }, setbacks.uncertain);
  expect(resumeAt?.getTime()).toBe(at(Math.floor(leftMs / 2)).getTime());
});

test("a refresh token that ends before its access token is tried before its own end", () => {
  const of = { expiresAt: at(hour), refreshTokenExpiresAt: at(10 * minute) };
  expect(setback(of, setbacks.uncertain).resumeAt).toEqual(at(9 * minute));
});

test("a single-use token is not presented a third time while an access token lives that never ends", () => {
  const endless = { expiresAt: null, lostAnswers: 1, consecutiveFailures: 1 };
  expect(setback(endless, setbacks.uncertain)).toMatchObject({
    ...{ job: "stop", status: "connected", errorCode: "answer_lost", lostAnswers: 2 },
    ...{ resumeAt: null, nextRefreshAt: null, notBefore: at(365 * day), events: [] },
  });
  const careful = setback({ ...endless, lostAnswers: 0 }, setbacks.uncertain);
  expect(careful).toMatchObject({ resumeAt: at(hour), notBefore: at(hour) });
});

test.each(["unsent", "transient"] as const)(
  "a forced attempt that is %s does not end the wait it passed over",
  (kind) => {
    const waits = { ...living, lostAnswers: 1, consecutiveFailures: 1, notBefore: at(4 * minute) };
    const decided = setback(waits, setbacks[kind]);
    expect(decided).toMatchObject({
      resumeAt: at(4 * minute),
      notBefore: at(4 * minute),
      nextRefreshAt: at(4 * minute),
    });
  },
);

test.each([{ kind: "none" }, { kind: "grace", graceSeconds: 60 }] as const)(
  "a lost answer costs nothing with rotation $kind: it is tried again as any trouble",
  (rotation) => {
    const of = { ...living, lostAnswers: 2, consecutiveFailures: 2 };
    const decided = setback(of, setbacks.uncertain, { policy: { ...policy, rotation } });
    expect(decided).toMatchObject({ resumeAt: at(4000), lostAnswers: 3 });
  },
);

test("unknown answers of several connections, while few are granted, open the circuit and mark nobody", () => {
  for (const granted of [0, 3]) {
    const transition = decide(
      connection(),
      setbacks.unknown,
      context({ around: surroundings({ others: 3, granted }) }),
    );
    expect(transition).toMatchObject({
      status: "connected",
      errorCode: null,
      provider: { kind: "open_circuit", code: "unknown_answer" },
      events: [],
    });
  }
});

test.each([
  { others: 2, granted: 0 },
  { others: 3, granted: 4 },
])("unknown answers of few connections, or among many grants, are their own: %o", (around) => {
  const transition = decide(connection(), setbacks.unknown, context({ around: surroundings(around) }));
  expect(transition).toMatchObject({ status: "error", errorCode: "unknown_answer", provider: null });
});

test("a probe that is denied shows that the registration works: the circuit closes", () => {
  const transition = decide(connection(), setbacks.denied, context({ blame: { probing: true } }));
  expect(transition).toMatchObject({
    status: "needs_reauth",
    provider: { kind: "close_circuit" },
    events: ["connection.needs_reauth"],
  });
});

test("a denial of a grant that was given to another client id is a mistake of ours", () => {
  expect(decide(connection(), setbacks.denied, context({ blame: { foreignClient: "another" } }))).toMatchObject({
    status: "connected",
    errorCode: null,
    provider: { kind: "open_circuit", code: "invalid_client" },
    events: [],
  });
});

test("a denial is a mistake of ours while nothing has been granted since our secret changed", () => {
  for (const ownFault of [false, true]) {
    expect(
      decide(connection(), setbacks.denied, context({ blame: { secret: "changed", own: ownFault } })),
    ).toMatchObject({
      status: "connected",
      errorCode: null,
      provider: { kind: "open_circuit", code: "invalid_client" },
    });
  }
});

test("the first grant with a secret proves it; one that closes a circuit does so anyway", () => {
  expect(decide(connection(), granted(), context({ blame: { secret: "new" } })).provider).toEqual({ kind: "prove" });
  expect(decide(connection(), granted(), context({ blame: { secret: "new", probing: true } })).provider).toMatchObject({
    kind: "close_circuit",
  });
  expect(decide(connection(), granted(), context()).provider).toBeNull();
});

test("it is a dead grant when another connection shows that this client id is meant", () => {
  // It has met the fault before: that is what makes it its own, not what makes it one of a wave.
  for (const around of [null, surroundings({ times: 2, firstAt: at(-hour) })]) {
    const decided = setback({}, setbacks.denied, { around, blame: { foreignClient: "another", own: true } });
    expect(decided).toMatchObject({ status: "needs_reauth", job: "stop" });
  }
});

test("an unknown answer that lasts is asked for ever more rarely, and for 30 days", () => {
  const after = (forMs: number) =>
    setback({ status: "error", failingSince: at(-forMs), expiresAt: at(day) }, setbacks.unknown);
  expect(after(minute).resumeAt).toEqual(at(hour));
  expect(after(5 * hour).resumeAt).toEqual(at(5 * hour));
  expect(after(20 * day).resumeAt).toEqual(at(day));
  expect(after(30 * day)).toMatchObject({ status: "needs_reauth", job: "stop", errorCode: "unknown_answer" });
});

test("after a day of unknown answers and the token's end the user is asked to reconnect, once, and it goes on being probed", () => {
  const lasting = { failingSince: at(-day), expiresAt: at(-hour) };
  const offered = setback({ status: "error", ...lasting }, setbacks.unknown);
  expect(offered).toMatchObject({ status: "needs_reauth", job: "postpone", events: ["connection.needs_reauth"] });
  expect(offered.nextRefreshAt).not.toBeNull();
  expect(setback({ status: "needs_reauth", ...lasting }, setbacks.unknown)).toMatchObject({
    status: "needs_reauth",
    events: [],
  });
  expect(setback({ status: "error", ...lasting, failingSince: at(-day + minute) }, setbacks.unknown).status).toBe(
    "error",
  );
  expect(setback({ status: "error", ...lasting, expiresAt: at(minute) }, setbacks.unknown).status).toBe("error");
  // Trouble of another kind before does not count.
  expect(setback({ status: "token_expired", ...lasting }, setbacks.unknown)).toMatchObject({
    status: "error",
    failingSince: now,
  });
});

test.each([
  ["three in a row", { others: 2 }, true],
  ["two", { others: 1 }, false],
  ["three among ten grants", { others: 2, granted: 10 }, false],
  ["twelve, of whom the newest ten came among thirty grants", { others: 11, granted: 30 }, true],
  ["four where its history knows one in such a time", { others: 3, usual: 1 }, false],
  ["nine where its history knows one in such a time", { others: 8, usual: 1 }, true],
])("denials that are doubted: %s", (_, around, doubted) => {
  const decided = setback({}, setbacks.denied, { around: surroundings(around) });
  expect(decided).toMatchObject(
    doubted
      ? {
          status: "connected",
          errorCode: "mass_denial",
          provider: { kind: "open_circuit", fromMany: true },
          events: [],
        }
      : { status: "needs_reauth", provider: null, events: ["connection.needs_reauth"] },
  );
});

test("one of many denied is believed when it was denied three times with grants between, or for hours", () => {
  const denied = (times: number, agoMs: number, more = {}) => surroundings({ times, firstAt: at(-agoMs), ...more });
  const judged = (around: Surroundings, of: Partial<Connection> = {}) => setback(of, setbacks.denied, { around });
  const second = judged(denied(2, 10 * minute));
  expect(second).toMatchObject({ status: "connected", errorCode: "mass_denial", provider: null, events: [] });
  // Whoever asks, the claim refuses until then.
  expect(second).toMatchObject({
    resumeAt: at(10 * minute),
    notBefore: at(10 * minute),
    nextRefreshAt: at(10 * minute),
  });
  const believed = judged(denied(3, hour));
  expect(believed).toMatchObject({ status: "needs_reauth", job: "postpone", resumeAt: at(hour), notBefore: null });
  expect(judged(denied(3, hour, { others: 5 })).status).toBe("connected");
  expect(judged(denied(1, 6 * hour)).status).toBe("needs_reauth");
});

test("near a wave none is believed at once, and who is believed is asked a few times more", () => {
  const near = { around: surroundings({ suspected: true }) };
  expect(setback({}, setbacks.denied, near)).toMatchObject({
    status: "connected",
    provider: null,
    notBefore: at(5 * minute),
  });
  const marked = { status: "needs_reauth", nextRefreshAt: now } as const;
  const check = (times: number, agoMs: number, of: Partial<Connection> = marked) =>
    setback(of, setbacks.denied, { around: surroundings({ times, firstAt: at(-agoMs) }) });
  expect(check(4, 2 * hour)).toMatchObject({
    status: "needs_reauth",
    job: "postpone",
    resumeAt: at(2 * hour),
    events: [],
  });
  expect(check(5, 3 * hour)).toMatchObject({ job: "stop", nextRefreshAt: null });
  expect(check(3, 24 * hour)).toMatchObject({ job: "stop", nextRefreshAt: null });
  expect(check(4, hour, { status: "needs_reauth", nextRefreshAt: null })).toMatchObject({ job: "stop" });
});

test("hours of other trouble before do not make a first denial of many believed", () => {
  const outage = { consecutiveFailures: 20, failingSince: at(-8 * hour) };
  const among = setback(outage, setbacks.denied, { around: surroundings({ others: 5 }) });
  expect(among).toMatchObject({ status: "connected", errorCode: "mass_denial", failingSince: now });
});

test("a circuit for many denials that has stood for hours is believed, and closes", () => {
  const stands = (ms: number) => surroundings({ code: "mass_denial", since: at(-ms) });
  const early = setback({}, setbacks.denied, { around: stands(5 * hour), blame: { probing: true } });
  expect(early).toMatchObject({ status: "connected", provider: { kind: "open_circuit" } });
  const late = setback({}, setbacks.denied, { around: stands(6 * hour), blame: { probing: true } });
  expect(late).toMatchObject({ status: "needs_reauth", provider: { kind: "close_circuit", believed: true } });
});

test("grants of another client id are believed dead after hours, unless nothing is granted to ours", () => {
  const around = surroundings({ code: "invalid_client", since: at(-6 * hour) });
  const given = { around, blame: { probing: true, foreignClient: "another" } };
  expect(setback({}, setbacks.denied, given).status).toBe("needs_reauth");
  const ofChanged = setback({}, setbacks.denied, { ...given, blame: { ...given.blame, secret: "changed" } });
  expect(ofChanged).toMatchObject({ status: "connected", provider: { kind: "open_circuit", of: "another" } });
});

test("one that is marked and denied again, among many, says nothing about the others", () => {
  const marked = { status: "needs_reauth", nextRefreshAt: now } as const;
  const seen = { times: 2, firstAt: at(-hour), others: 5 };
  const again = setback(marked, setbacks.denied, { around: surroundings(seen) });
  expect(again).toMatchObject({ status: "needs_reauth", errorCode: "refresh_token_expired", provider: null });
  const around = surroundings({ ...seen, code: "mass_denial", since: at(-hour) });
  const probe = setback(marked, setbacks.denied, { around, blame: { probing: true } });
  expect(probe).toMatchObject({ status: "needs_reauth", provider: null });
});

test("what is forced on a grant that is over leaves it so", () => {
  for (const outcome of Object.values(setbacks)) {
    const decided = setback({ status: "needs_reauth" }, outcome, { forced: true });
    expect(decided).toMatchObject({ status: "needs_reauth", job: "stop", nextRefreshAt: null, events: [] });
    // A check of its own that is still to come is how it would be found alive.
    const checked = setback({ status: "needs_reauth", nextRefreshAt: at(hour) }, outcome, { forced: true });
    expect(checked).toMatchObject({ status: "needs_reauth", job: "postpone", nextRefreshAt: at(hour), events: [] });
  }
});

test("a probe that is refused speaks for all, whoever was granted before; one that is at fault itself does not", () => {
  const around = surroundings({ grantedSinceClosed: 9 });
  const refused = setback({}, setbacks.misconfigured, { around, blame: { probing: true } });
  expect(refused).toMatchObject({ status: "connected", provider: { kind: "open_circuit" } });
  const odd = setback({}, setbacks.unknown, { blame: { probing: true } });
  expect(odd).toMatchObject({ status: "connected", provider: { kind: "open_circuit" } });
  const own = setback({}, setbacks.unknown, { blame: { probing: true, own: true } });
  expect(own).toMatchObject({ status: "error", provider: null });
});

test("hours of a circuit make nobody's denial believed but its probe's", () => {
  const around = surroundings({ code: "mass_denial", since: at(-7 * hour) });
  expect(setback({}, setbacks.denied, { around }).status).toBe("connected");
  expect(setback({}, setbacks.denied, { around, blame: { probing: true } }).status).toBe("needs_reauth");
});
