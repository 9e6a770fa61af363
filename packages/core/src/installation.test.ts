import { describe, expect, test } from "vitest";
import {
  type InstallationRow,
  judgeInstallation,
  type Memories,
  type Memory,
  type ServerIdentity,
} from "./installation.ts";

const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000);
const server: ServerIdentity = { systemIdentifier: "7712", timeline: 1, databaseOid: 16384 };
const row: InstallationRow = { ...server, identity: "a", beatAt: at(100), heldWhy: null, releasedAt: null };
const memory = (seconds: number, identity = "a"): Memory => ({ identity, beatAt: at(seconds) });
const none: Memories = { redis: null, disk: null, own: null };
const settings = { startHeld: false, replicaLagMs: 60_000 };

const judge = (given: {
  row?: InstallationRow | null;
  server?: Partial<ServerIdentity>;
  memories?: Partial<Memories>;
  settings?: Partial<typeof settings>;
}) =>
  judgeInstallation(
    given.row === undefined ? row : given.row,
    { ...server, ...given.server },
    { ...none, ...given.memories },
    { ...settings, ...given.settings },
  );

const original = { kind: "original" };
const held = (why: string) => ({ kind: "held", why });

describe("nothing is held up by", () => {
  test("an emptied Redis, an empty disk, a new container", () => expect(judge({})).toEqual(original));
  test("a new database", () => expect(judge({ row: null })).toEqual(original));
  test("a memory that is behind", () =>
    expect(judge({ memories: { redis: memory(40), disk: memory(1) } })).toEqual(original));
  test("another database's memory on this disk", () =>
    expect(judge({ memories: { disk: memory(500, "b") } })).toEqual(original));
  test("a Postgres that does not tell its identity", () =>
    expect(judge({ server: { systemIdentifier: null, timeline: null } })).toEqual(original));
  test("START_HELD after it was released", () =>
    expect(judge({ row: { ...row, releasedAt: at(1) }, settings: { startHeld: true } })).toEqual(original));
});

describe("an operator is asked when", () => {
  test("a dump was restored into another database", () =>
    expect(judge({ server: { databaseOid: 20000 } })).toEqual(held("copy")));
  test("it was restored on another server", () =>
    expect(judge({ server: { systemIdentifier: "9" } })).toEqual(held("copy")));
  test("a volume of long ago was put back", () =>
    expect(judge({ memories: { redis: memory(161) } })).toEqual(held("older")));
  test("only the disk remembers so", () => expect(judge({ memories: { disk: memory(161) } })).toEqual(held("older")));
  test("only this process remembers so", () =>
    expect(judge({ memories: { own: memory(161) } })).toEqual(held("older")));
  test("the timeline is another one, and nobody remembers how far it had come", () =>
    expect(judge({ server: { timeline: 2 } })).toEqual(held("older")));
  test("Redis is another installation's", () =>
    expect(judge({ memories: { redis: memory(1, "b") } })).toEqual(held("other_redis")));
  test("Redis knows an installation that the database does not", () =>
    expect(judge({ row: null, memories: { redis: memory(1) } })).toEqual(held("other_redis")));
  test("the database that this process knew is empty", () =>
    expect(judge({ row: null, memories: { own: memory(1) } })).toEqual(held("older")));
  test("START_HELD is set", () => expect(judge({ settings: { startHeld: true } })).toEqual(held("start_held")));
  test("it was held, whatever is found now", () =>
    expect(judge({ row: { ...row, heldWhy: "older" } })).toEqual(held("older")));
  test("replicas are said never to lag", () =>
    expect(judge({ memories: { redis: memory(101) }, settings: { replicaLagMs: 0 } })).toEqual(held("older")));
});

describe("what was lost is looked for after", () => {
  test("a failover to a replica that lags", () =>
    expect(judge({ server: { timeline: 2 }, memories: { redis: memory(106) } })).toEqual({
      kind: "behind",
      byMs: 6000,
    }));
  test("a failover that seems to have lost nothing", () =>
    expect(judge({ server: { timeline: 2 }, memories: { redis: memory(100) } })).toEqual({ kind: "behind", byMs: 0 }));
  test("a crash that lost the last commits", () =>
    expect(judge({ memories: { own: memory(101) } })).toEqual({ kind: "behind", byMs: 1000 }));
});
