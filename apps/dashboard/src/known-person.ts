import type { Engine } from "@evertoken/engine/internal";
import {
  findPerson,
  hashPassword,
  isPassword,
  isPasswordHash,
  type Person,
  type SetPerson,
  stepOfCode,
  takeCodeStep,
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
  return async (name: string, password: string): Promise<KnownPerson | null> => {
    const stored = await findPerson(engine, name);
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

/** Whether the code is the one of now, and has not been used before. */
export async function isCode(engine: Engine, name: string, secret: string, code: string): Promise<boolean> {
  const step = stepOfCode(secret, code, Date.now());
  return step !== null && takeCodeStep(engine, name, step);
}

const ticketPlace = "login/ticket";
const ticketMs = 5 * 60_000;

/** Between the password and the code: who it is, sealed, so that nothing has to be kept here. */
export function sealTicket({ keyring }: Engine, name: string, credential: string): string {
  return keyring.sealText(JSON.stringify({ name, credential, until: Date.now() + ticketMs }), ticketPlace);
}

/** @returns null: it has ended, it is none of ours, or the person has changed meanwhile */
export async function openTicket(engine: Engine, ticket: string): Promise<KnownPerson | null> {
  const said = readTicket(engine, ticket);
  if (said === null || said.until < Date.now()) return null;
  const person = await findPerson(engine, said.name);
  return person === null || person.disabled || person.passwordHash !== said.credential ? null : toKnown(person);
}

function readTicket({ keyring }: Engine, ticket: string) {
  try {
    return JSON.parse(keyring.openText(ticket, ticketPlace)) as { name: string; credential: string; until: number };
  } catch {
    return null;
  }
}
