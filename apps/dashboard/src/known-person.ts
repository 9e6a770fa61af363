import { type Engine, openFor, sealFor } from "@evertoken/engine/internal";
import {
  activePerson,
  findPerson,
  hashPassword,
  isPassword,
  isPasswordHash,
  type Person,
  type SetPerson,
  stepOfCode,
  takeCodeStep,
  takeRecoveryCode,
} from "@evertoken/operations";

/** Somebody whose password was right. */
export interface KnownPerson extends SetPerson {
  readonly cameBy: "password" | "settings";
  /** null: the password is enough. */
  readonly codeSecret: string | null;
}

/**
 * Who a name and password belong to. Whoever is stored comes before whom the settings name; an unknown name takes as long as a
 * known one.
 */
export function createPersonCheck(engine: Engine, settingsPeople: readonly SetPerson[]) {
  const hashes = new Map(settingsPeople.map(({ name, credential }) => [name, hashOf(credential)]));
  return async (name: string, password: string): Promise<KnownPerson | "altered" | null> => {
    const stored = await findPerson(engine, name);
    if (stored === "altered") return stored;
    if (stored !== null) return (await isPassword(password, usable(stored))) ? toKnown(stored) : null;
    const set = settingsPeople.find((person) => person.name === name);
    const right = await isPassword(password, (await hashes.get(name)) ?? null);
    return right && set !== undefined ? { ...set, cameBy: "settings", codeSecret: null } : null;
  };
}

const hashOf = async (credential: string) => (isPasswordHash(credential) ? credential : hashPassword(credential));
const usable = ({ disabled, passwordHash }: Person) => (disabled ? null : passwordHash);

function toKnown({ name, role, passwordHash, codeSecret }: Person): KnownPerson {
  return { name, role, credential: passwordHash, cameBy: "password", codeSecret };
}

/** What the audit log says of a code that was taken. */
type TakenCode = { readonly second: "code" } | { readonly second: "recovery_code"; readonly left: string };

/** A code of now, or a recovery code, that was not used before, and is used up by this. @returns null: it is neither */
export async function takeCode(engine: Engine, name: string, secret: string, code: string): Promise<TakenCode | null> {
  const step = stepOfCode(secret, code, Date.now());
  if (step !== null) return (await takeCodeStep(engine, name, step)) ? { second: "code" } : null;
  const left = await takeRecoveryCode(engine, name, code);
  return left === null ? null : { second: "recovery_code", left: String(left) };
}

const ticketPurpose = "login/ticket";
const ticketMs = 5 * 60_000;

type Ticket = { readonly name: string; readonly credential: string };

/** Between the password and the code: who it is, sealed, so that nothing has to be kept here. */
export function sealTicket(engine: Engine, name: string, credential: string): string {
  return sealFor(engine, ticketPurpose, { name, credential } satisfies Ticket, ticketMs);
}

/** Whose password it stands for; undefined: it has ended, or is none of ours. */
export const nameInTicket = (engine: Engine, ticket: string) => openFor<Ticket>(engine, ticketPurpose, ticket)?.name;

/** @returns null: it has ended, it is none of ours, or the person has changed meanwhile */
export async function openTicket(engine: Engine, ticket: string): Promise<KnownPerson | null> {
  const said = openFor<Ticket>(engine, ticketPurpose, ticket);
  if (said === null) return null;
  const person = await activePerson(engine, said.name);
  return person === null || person.passwordHash !== said.credential ? null : toKnown(person);
}
