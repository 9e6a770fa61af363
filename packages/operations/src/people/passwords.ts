import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { adjacencyGraphs, dictionary } from "@zxcvbn-ts/language-common";

// OWASP's 32 MiB choice: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt
const cost: ScryptOptions = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 };
const keyLength = 32;
/** Names the cost above, so that a later one can stand beside it. */
const format = "scrypt-1";

export const shortestPassword = 12;
const longestPassword = 1000;

/** `scrypt-1$<salt>$<key>`, both base64url: what is stored, or set, instead of the password. */
export async function hashPassword(password: string, salt: Buffer = randomBytes(16)): Promise<string> {
  return `${format}$${salt.toString("base64url")}$${(await derive(password, salt)).toString("base64url")}`;
}

export const isPasswordHash = (text: string) => text.startsWith(`${format}$`);

/** @throws {TypeError} it is no hash of ours */
export function readPasswordHash(hash: string): { readonly salt: Buffer; readonly key: Buffer } {
  const [name, salt, key, ...rest] = hash.split("$");
  const read = { salt: Buffer.from(salt ?? "", "base64url"), key: Buffer.from(key ?? "", "base64url") };
  if (name !== format || rest.length > 0 || read.salt.length < 16 || read.key.length !== keyLength) {
    throw new TypeError(`a password hash is not in the form ${format}$salt$key`);
  }
  return read;
}

/** @param hash null: nobody's. It costs the same derivation and comparison, so that the time of an answer does not list our people. */
export async function isPassword(password: string, hash: string | null): Promise<boolean> {
  const { salt, key } = hash === null ? nobody : readPasswordHash(hash);
  return timingSafeEqual(await derive(password, salt), key) && hash !== null;
}

const nobody = { salt: randomBytes(16), key: randomBytes(keyLength) };

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFC"), salt, keyLength, cost, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

/**
 * Why a password is not taken, in words that quote nothing of it: too short, or one that a list of forty thousand common ones, a pattern or
 * `names` (the person's own) lead to (NIST SP 800-63B-4 section 3.1.1.2). null: it is taken.
 */
export function whyWeak(password: string, names: readonly string[] = []): string | null {
  if (password.length < shortestPassword) return `it needs ${shortestPassword} characters or more`;
  if (password.length > longestPassword) return `it has more than ${longestPassword} characters`;
  guesser ??= new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });
  const { score } = guesser.check(password.slice(0, 128), [...names, "evertoken", "dashboard"]);
  return score >= 3 ? null : "it is a common one, or easily guessed: take some words that do not belong together";
}

/** Its lists are large, and most processes need none of it. */
let guesser: ZxcvbnFactory | undefined;
