import { randomUUID } from "node:crypto";
import { VaultError } from "@evertoken/adapters";
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
  /** Keyed hashes of what is left of them. */
  readonly recoveryCodes: readonly string[];
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

type Contents = Omit<Person, "name">;
type Sealer = Pick<Engine, "keyring">;

/** `altered`: the row was written by somebody else, or its key is gone. */
function open({ keyring }: Sealer, row: Pick<Row, "name" | "sealed">): Person | "altered" {
  try {
    const contents = JSON.parse(keyring.openText(row.sealed, placeOf(row.name))) as Contents;
    // Rows of before there were recovery codes have none.
    return { ...contents, recoveryCodes: contents.recoveryCodes ?? [], name: row.name };
  } catch (error) {
    if (error instanceof VaultError) return "altered";
    throw error;
  }
}

const seal = ({ keyring }: Sealer, { name, ...rest }: Person) => keyring.sealText(JSON.stringify(rest), placeOf(name));

const readRow = ({ prisma }: Engine, name: string) => withStore(() => prisma.person.findUnique({ where: { name } }));

export async function findPerson(engine: Engine, name: string): Promise<Person | "altered" | null> {
  if (!namePattern.test(name)) return null;
  const row = await readRow(engine, name);
  return row === null ? null : open(engine, row);
}

/** @returns null: whoever it is does not come in, by no way */
export async function activePerson(engine: Engine, name: string): Promise<Person | null> {
  const person = await findPerson(engine, name);
  return person === null || person === "altered" || person.disabled ? null : person;
}

/** By name. */
export async function listPeople(engine: Sealer & Pick<Engine, "prisma">): Promise<PersonView[]> {
  const rows = await withStore(() => engine.prisma.person.findMany({ orderBy: { name: "asc" }, take: 1000 }));
  return rows.map((row) => {
    const person = open(engine, row);
    const { name, createdAt } = row;
    return person === "altered"
      ? { name, role: "altered", secondFactor: false, disabled: true, createdAt }
      : view(person, createdAt);
  });
}

const view = ({ name, role, codeSecret, disabled }: Person, createdAt: Date): PersonView => ({
  ...{ name, role, disabled, createdAt },
  secondFactor: codeSecret !== null,
});

/**
 * A row that was altered is written anew, and its second factor with it.
 *
 * @throws {EvertokenError} `invalid_input`: the name is taken or none, or the password is weak
 */
export async function addPerson(
  engine: Engine,
  { name, role, password }: { name: string; role: Role; password: string },
): Promise<PersonView> {
  if (!namePattern.test(name)) {
    throw invalid("a name has 1 to 64 letters, digits, dots, dashes, underscores, plus or at signs");
  }
  await engine.checkKeys();
  const passwordHash = await newHash(name, password);
  const person: Person = { ...{ name, role, passwordHash }, codeSecret: null, recoveryCodes: [], disabled: false };
  await removeAltered(engine, name);
  const data = { id: randomUUID(), name, sealed: seal(engine, person) };
  const added = await withStore(() => engine.prisma.person.createManyAndReturn({ data: [data], skipDuplicates: true }));
  if (added[0] === undefined) throw invalid(`there is a user ${name} already`);
  return view(person, added[0].createdAt);
}

async function removeAltered(engine: Engine, name: string): Promise<void> {
  const row = await readRow(engine, name);
  if (row === null || open(engine, row) !== "altered") return;
  await withStore(() => engine.prisma.person.deleteMany({ where: { name, sealed: row.sealed } }));
}

/** Whatever its row holds. @throws {EvertokenError} `not_found` */
export async function removePerson({ prisma }: Engine, name: string): Promise<void> {
  const { count } = await withStore(() => prisma.person.deleteMany({ where: { name } }));
  if (count === 0) throw unknown(name);
  // Who is called so some day begins with none.
  await withStore(() => prisma.savedList.deleteMany({ where: { person: name } }));
}

/** @throws {EvertokenError} `not_found`, or `invalid_input`: the password is weak, or the row was altered */
export async function changePerson(
  engine: Engine,
  name: string,
  change: { role?: Role; password?: string; disabled?: boolean; codeSecret?: null },
): Promise<void> {
  const { password, ...rest } = change;
  const hashed = password === undefined ? {} : { passwordHash: await newHash(name, password) };
  const without = change.codeSecret === null ? { recoveryCodes: [] } : {};
  await updatePerson(engine, name, (person) => ({ ...person, ...rest, ...hashed, ...without }));
}

/**
 * Applies a change to what is stored at that moment: another one that comes between is not undone.
 *
 * @param change null: nothing is to be changed
 * @returns whether something was
 * @throws {EvertokenError} `not_found`, or `invalid_input`: the row was altered
 */
export async function updatePerson(
  engine: Engine,
  name: string,
  change: (person: Person) => Person | null,
): Promise<boolean> {
  for (;;) {
    const row = await readRow(engine, name);
    if (row === null) throw unknown(name);
    const person = open(engine, row);
    if (person === "altered") throw invalid(`${whyAltered(name)}: remove it (evertoken users remove), and add it anew`);
    const changed = change(person);
    if (changed === null) return false;
    const where = { name, sealed: row.sealed };
    const data = { sealed: seal(engine, changed), updatedAt: new Date() };
    if ((await withStore(() => engine.prisma.person.updateMany({ where, data }))).count > 0) return true;
  }
}

const whyAltered = (name: string) =>
  `the row of ${name} does not open: it was written past Evertoken, or its key is not in ENCRYPTION_KEY any more`;

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

const unknown = (name: string) => new EvertokenError("not_found", `there is no user ${name}`);
const invalid = (message: string) => new EvertokenError("invalid_input", message);
