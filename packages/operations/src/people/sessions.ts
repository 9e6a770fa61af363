import { createHash, createHmac, randomBytes, randomUUID } from "node:crypto";
import type { Engine } from "@evertoken/engine/internal";
import { EvertokenError, isUuid, withStore } from "@evertoken/engine/internal";
import { activePerson, type Role } from "./people.ts";

/** Someone whom the settings let in, by a password or its hash. */
export interface SetPerson {
  readonly name: string;
  readonly role: Role;
  readonly credential: string;
}

/** How somebody came in. */
export type CameBy = "password" | "settings" | "openid";

export interface Session {
  readonly id: string;
  /** `sso:<name>` of somebody who came by OpenID Connect. */
  readonly name: string;
  readonly role: Role;
  readonly cameBy: CameBy;
  /** Stands in every form of this session's pages; another site cannot know it. */
  readonly formToken: string;
}

export interface SessionView {
  readonly id: string;
  readonly person: string;
  readonly address: string;
  readonly createdAt: Date;
  readonly seenAt: Date;
  readonly endsAt: Date;
}

export interface SessionRules {
  readonly idleMs: number;
  readonly lifetimeMs: number;
  readonly settingsPeople: readonly SetPerson[];
  /** Whoever comes by a password needs a second factor; those of the settings can have none. */
  readonly needsSecondFactor: boolean;
}

interface Sealed {
  readonly person: string;
  readonly role: Role;
  readonly cameBy: CameBy;
  readonly endsAt: string;
  /** Hash of the credential that it began with: another password ends it. Inside the sealed text, so it cannot be guessed against. */
  readonly credential: string;
}

const seenAgainMs = 30_000;
const hash = (text: string) => createHash("sha256").update(text).digest("base64url");
const placeOf = (id: string) => `sessions/${id}/sealed`;

/**
 * Sessions in Postgres, so that one that ended has ended in every replica. What decides is sealed for its row: a row that somebody
 * else has written is no session.
 */
export function createSessions(
  engine: Engine,
  { idleMs, lifetimeMs, settingsPeople, needsSecondFactor }: SessionRules,
) {
  const { keyring, prisma } = engine;

  /** @returns null: the person is gone, is disabled, or has another password */
  async function roleNow({ person, role, cameBy, credential }: Sealed): Promise<Role | null> {
    if (cameBy === "openid") return role;
    const now = cameBy === "settings" ? fromSettings(person) : await stored(person);
    return now !== null && hash(now.credential) === credential ? now.role : null;
  }
  const fromSettings = (name: string) =>
    needsSecondFactor ? null : (settingsPeople.find((each) => each.name === name) ?? null);
  const stored = async (name: string): Promise<SetPerson | null> => {
    const person = await activePerson(engine, name);
    if (person === null || (needsSecondFactor && person.codeSecret === null)) return null;
    return { ...person, credential: person.passwordHash };
  };

  return {
    /** @returns the cookie's value, which is not kept */
    async begin(who: Omit<SetPerson, "credential"> & { credential?: string; cameBy: CameBy; address: string }) {
      const [id, secret] = [randomUUID(), randomBytes(32).toString("base64url")];
      const endsAt = new Date(Date.now() + lifetimeMs);
      const { name: person, role, cameBy, credential = "" } = who;
      const text: Sealed = { person, role, cameBy, endsAt: endsAt.toISOString(), credential: hash(credential) };
      const data = { id, secretHash: hash(secret), person, address: who.address, endsAt };
      await withStore(() =>
        prisma.session.create({ data: { ...data, sealed: keyring.sealText(JSON.stringify(text), placeOf(id)) } }),
      );
      return secret;
    },
    async read(secret: string | undefined): Promise<Session | null> {
      if (secret === undefined || !/^[\w-]{43}$/.test(secret)) return null;
      const now = new Date();
      const row = await withStore(() => prisma.session.findUnique({ where: { secretHash: hash(secret) } }));
      if (row === null || now.getTime() - row.seenAt.getTime() > idleMs) return null;
      const sealed = opened(engine, row);
      if (sealed === null || new Date(sealed.endsAt) <= now) return null;
      const role = await roleNow(sealed);
      if (role === null) return null;
      if (now.getTime() - row.seenAt.getTime() > seenAgainMs) {
        await withStore(() => prisma.session.updateMany({ where: { id: row.id }, data: { seenAt: now } }));
      }
      const formToken = createHmac("sha256", secret).update("form").digest("base64url");
      return { id: row.id, name: sealed.person, role, cameBy: sealed.cameBy, formToken };
    },
  };
}

export type Sessions = ReturnType<typeof createSessions>;

function opened({ keyring }: Engine, row: { id: string; sealed: string }): Sealed | null {
  try {
    return JSON.parse(keyring.openText(row.sealed, placeOf(row.id))) as Sealed;
  } catch {
    return null;
  }
}

/** Those that have not ended, the latest first; of one person, or of all. */
export function listSessions({ prisma }: Engine, idleMs: number, person?: string): Promise<SessionView[]> {
  const seenAt = { gt: new Date(Date.now() - idleMs) };
  const where = { endsAt: { gt: new Date() }, seenAt, ...(person === undefined ? {} : { person }) };
  const select = { id: true, person: true, address: true, createdAt: true, seenAt: true, endsAt: true } as const;
  return withStore(() => prisma.session.findMany({ where, select, orderBy: { seenAt: "desc" }, take: 1000 }));
}

/** In every replica, from its next request on. @returns whose it was @throws {EvertokenError} `not_found` */
export async function endSession({ prisma }: Engine, id: string, of?: string): Promise<string> {
  const where = { id, ...(of === undefined ? {} : { person: of }) };
  const found = isUuid(id)
    ? await withStore(() => prisma.session.findFirst({ where, select: { person: true } }))
    : null;
  if (found === null) throw new EvertokenError("not_found", `there is no session ${id}`);
  await withStore(() => prisma.session.deleteMany({ where }));
  return found.person;
}

/** Of one person, or of everybody, but for the one that is `kept`. @returns how many */
export async function endSessions({ prisma }: Engine, person?: string, kept?: string): Promise<number> {
  const where = { ...(person === undefined ? {} : { person }), ...(kept === undefined ? {} : { id: { not: kept } }) };
  return (await withStore(() => prisma.session.deleteMany({ where }))).count;
}

/** Rows of sessions that have ended by themselves. @returns how many */
export async function pruneSessions({ prisma }: Engine): Promise<number> {
  return (await withStore(() => prisma.session.deleteMany({ where: { endsAt: { lt: new Date() } } }))).count;
}
