import { randomUUID } from "node:crypto";
import type { Engine } from "@evertoken/engine/internal";
import { EvertokenError, withStore } from "@evertoken/engine/internal";
import { hashPassword, whyWeak } from "./passwords.ts";

export const roles = ["viewer", "operator"] as const;
/** A viewer looks; an operator acts. */
export type Role = (typeof roles)[number];

/** Someone who may use the dashboard. */
export interface Person {
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: string;
  /** base32; null: the password is enough. */
  readonly codeSecret: string | null;
  readonly disabled: boolean;
}

/** As it may be shown. */
export interface PersonView {
  readonly name: string;
  /** `altered`: its row was written by somebody else, or its key is gone; nobody comes in by it. */
  readonly role: Role | "altered";
  readonly secondFactor: boolean;
  readonly disabled: boolean;
  readonly createdAt: Date;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly sealed: string;
  readonly createdAt: Date;
}

/** Who comes by OpenID Connect is `sso:<name>`: nobody here can be called so. */
const namePattern = /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,63}$/u;

const placeOf = (name: string) => `people/${name}/sealed`;

function open({ keyring }: Pick<Engine, "keyring">, row: Pick<Row, "name" | "sealed">): Person {
  return { ...(JSON.parse(keyring.openText(row.sealed, placeOf(row.name))) as Omit<Person, "name">), name: row.name };
}

const seal = ({ keyring }: Engine, { name, ...rest }: Person) => keyring.sealText(JSON.stringify(rest), placeOf(name));

/** @throws {VaultError} when its row was written by somebody else */
export async function findPerson(engine: Engine, name: string): Promise<Person | null> {
  if (!namePattern.test(name)) return null;
  const row = await withStore(() => engine.prisma.person.findUnique({ where: { name } }));
  return row === null ? null : open(engine, row);
}

/** By name. */
export async function listPeople(engine: Engine): Promise<PersonView[]> {
  const rows = await withStore(() => engine.prisma.person.findMany({ orderBy: { name: "asc" }, take: 1000 }));
  return rows.map((row) => {
    try {
      return view(open(engine, row), row.createdAt);
    } catch {
      const { name, createdAt } = row;
      return { name, role: "altered", secondFactor: false, disabled: true, createdAt };
    }
  });
}

const view = ({ name, role, codeSecret, disabled }: Person, createdAt: Date): PersonView => ({
  ...{ name, role, disabled, createdAt },
  secondFactor: codeSecret !== null,
});

/** @throws {EvertokenError} `invalid_input`: the name is taken or none, or the password is weak */
export async function addPerson(
  engine: Engine,
  { name, role, password }: { name: string; role: Role; password: string },
): Promise<PersonView> {
  if (!namePattern.test(name)) {
    throw invalid("a name has 1 to 64 letters, digits, dots, dashes, underscores, plus or at signs");
  }
  await engine.checkKeys();
  const person = { name, role, passwordHash: await newHash(name, password), codeSecret: null, disabled: false };
  const data = { id: randomUUID(), name, sealed: seal(engine, person) };
  const added = await withStore(() => engine.prisma.person.createManyAndReturn({ data: [data], skipDuplicates: true }));
  if (added[0] === undefined) throw invalid(`there is a user ${name} already`);
  return view(person, added[0].createdAt);
}

/** @throws {EvertokenError} `not_found`, or `invalid_input`: the password is weak */
export async function changePerson(
  engine: Engine,
  name: string,
  change: { role?: Role; password?: string; disabled?: boolean; codeSecret?: string | null },
): Promise<void> {
  const { password, ...rest } = change;
  const hashed = password === undefined ? {} : { passwordHash: await newHash(name, password) };
  for (;;) {
    const row = await withStore(() => engine.prisma.person.findUnique({ where: { name } }));
    if (row === null) throw new EvertokenError("not_found", `there is no user ${name}`);
    const sealed = seal(engine, { ...open(engine, row), ...rest, ...hashed });
    // Another change that came between is not undone.
    const where = { name, sealed: row.sealed };
    const data = { sealed, updatedAt: new Date() };
    if ((await withStore(() => engine.prisma.person.updateMany({ where, data }))).count > 0) return;
  }
}

/** Uses up a code of the second factor: true once for each, in any process. */
export async function takeCodeStep(engine: Engine, name: string, step: number): Promise<boolean> {
  const where = { name, codeStep: { lt: BigInt(step) } };
  const { count } = await withStore(() => engine.prisma.person.updateMany({ where, data: { codeStep: BigInt(step) } }));
  return count > 0;
}

async function newHash(name: string, password: string): Promise<string> {
  const weak = whyWeak(password, [name]);
  if (weak !== null) throw invalid(`this password is not taken: ${weak}`);
  return hashPassword(password);
}

const invalid = (message: string) => new EvertokenError("invalid_input", message);
