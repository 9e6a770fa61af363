import { createHmac } from "node:crypto";
import { loadHashKey } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import { Secret } from "otpauth";
import { updatePerson } from "./people.ts";

const howMany = 10;
/** 120 bits, in base32: more than anybody guesses, whatever becomes of the hashes. */
const bytes = 15;
const form = /^[A-Z2-7]{24}$/;

/** In groups of six, as they are shown; dashes, blanks and case do not count when one is given. */
const newCode = () => new Secret({ size: bytes }).base32.replaceAll(/(.{6})(?=.)/g, "$1-");
const bare = (code: string) => code.replaceAll(/[\s-]/g, "").toUpperCase();

async function hasher({ pool, keyring }: Engine): Promise<(name: string, code: string) => string> {
  const key = await loadHashKey(pool, keyring, "recovery_codes");
  return (name, code) =>
    createHmac("sha256", key)
      .update(`${name}\n${bare(code)}`)
      .digest("base64url");
}

async function newCodes(engine: Engine, name: string) {
  const hash = await hasher(engine);
  const codes = Array.from({ length: howMany }, newCode);
  return { codes, recoveryCodes: codes.map((code) => hash(name, code)) };
}

/** @returns the recovery codes, which are kept as hashes only; null: there is a second factor already */
export async function setSecondFactor(engine: Engine, name: string, codeSecret: string): Promise<string[] | null> {
  const { codes, recoveryCodes } = await newCodes(engine, name);
  const set = await updatePerson(engine, name, (person) =>
    person.codeSecret === null ? { ...person, codeSecret, recoveryCodes } : null,
  );
  return set ? codes : null;
}

/** Those of before are good for nothing any more. @returns null: there is no second factor that they could stand in for */
export async function renewRecoveryCodes(engine: Engine, name: string): Promise<string[] | null> {
  const { codes, recoveryCodes } = await newCodes(engine, name);
  const renewed = await updatePerson(engine, name, (person) =>
    person.codeSecret === null ? null : { ...person, recoveryCodes },
  );
  return renewed ? codes : null;
}

/** Uses one up: it works once, in any process. @returns how many are left; null: it is none of them */
export async function takeRecoveryCode(engine: Engine, name: string, code: string): Promise<number | null> {
  if (!form.test(bare(code))) return null;
  const given = (await hasher(engine))(name, code);
  let left = 0;
  const taken = await updatePerson(engine, name, (person) => {
    const recoveryCodes = person.recoveryCodes.filter((each) => each !== given);
    left = recoveryCodes.length;
    return left === person.recoveryCodes.length ? null : { ...person, recoveryCodes };
  });
  return taken ? left : null;
}
