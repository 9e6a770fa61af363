import { randomBytes, type ScryptOptions, scrypt, scryptSync, timingSafeEqual } from "node:crypto";

export type Role = "viewer" | "operator";

/** Someone who may log in. One of `passwordHash` (from `hashPassword`) and `password` is given. */
export interface DashboardUser {
  readonly name: string;
  readonly role: Role;
  readonly passwordHash?: string;
  readonly password?: string;
}

// OWASP's 32 MiB choice: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt
const cost: ScryptOptions = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 };
const keyLength = 32;
/** Names the cost above, so that a later one can stand beside it. */
const format = "scrypt-1";

interface Stored {
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** `scrypt-1$<salt>$<key>`, both base64url: what goes into the configuration instead of the password. */
export function hashPassword(password: string, salt: Buffer = randomBytes(16)): string {
  const key = scryptSync(password.normalize("NFC"), salt, keyLength, cost);
  return `${format}$${salt.toString("base64url")}$${key.toString("base64url")}`;
}

function parse(user: DashboardUser): Stored {
  if ((user.passwordHash === undefined) === (user.password === undefined)) {
    throw new TypeError(`dashboard user ${user.name}: give either a password or a password hash`);
  }
  if (user.password === "") throw new TypeError(`dashboard user ${user.name}: the password is empty`);
  const [name, salt, key, ...rest] = (user.passwordHash ?? hashPassword(user.password ?? "")).split("$");
  const stored = { salt: Buffer.from(salt ?? "", "base64url"), key: Buffer.from(key ?? "", "base64url") };
  if (name !== format || rest.length > 0 || stored.salt.length < 16 || stored.key.length !== keyLength) {
    throw new TypeError(`dashboard user ${user.name}: the password hash is not in the form ${format}$salt$key`);
  }
  return stored;
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFC"), salt, keyLength, cost, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

/**
 * Gives a function that tells the user of a name and password, or nothing. An unknown name costs the same derivation
 * and comparison as a known one, so that the time of the answer does not list our users.
 */
export function createPasswordCheck(users: readonly DashboardUser[]) {
  const known = new Map(users.map((user) => [user.name, { user, stored: parse(user) }]));
  if (known.size !== users.length) throw new TypeError("dashboard users: two have the same name");
  const nobody: Stored = { salt: randomBytes(16), key: randomBytes(keyLength) };
  return async (name: string, password: string): Promise<DashboardUser | undefined> => {
    const entry = known.get(name);
    const { salt, key } = entry?.stored ?? nobody;
    return timingSafeEqual(await derive(password, salt), key) ? entry?.user : undefined;
  };
}
