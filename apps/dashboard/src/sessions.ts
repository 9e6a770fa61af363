import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { DashboardUser, Role } from "./passwords.ts";

export interface Session {
  readonly name: string;
  readonly role: Role;
  /** Random; names this login. */
  readonly id: string;
}

export interface SessionDeps {
  readonly users: readonly DashboardUser[];
  /** At least 32 characters; the same in every replica. */
  readonly secret: string;
  readonly lifetimeMs: number;
  readonly now: () => number;
}

interface Claims {
  readonly id: string;
  readonly name: string;
  readonly expiresAt: number;
}

function parseClaims(payload: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
    if (typeof value !== "object" || value === null) return undefined;
    const { id, name, expiresAt } = value as Partial<Record<keyof Claims, unknown>>;
    if (typeof id !== "string" || typeof name !== "string" || typeof expiresAt !== "number") return undefined;
    return { id, name, expiresAt };
  } catch {
    return undefined;
  }
}

/**
 * Sessions as signed cookies: nothing is stored, so any replica can read them and nothing can leak at rest. The
 * signing key is derived from the user's own credential too: a changed password, like a removed user, ends every
 * session of that name. The role is looked up, never believed. A logout is remembered by this process until the
 * cookie would have expired anyway.
 */
export function createSessions({ users, secret, lifetimeMs, now }: SessionDeps) {
  if (secret.length < 32) throw new TypeError("the session secret needs at least 32 characters");
  const byName = new Map(users.map((user) => [user.name, user]));
  const loggedOut = new Map<string, number>();

  function sign(payload: string, user: DashboardUser): Buffer {
    const credential = user.passwordHash ?? user.password ?? "";
    const key = createHmac("sha256", secret).update(`evertoken session\0${user.name}\0${credential}`).digest();
    return createHmac("sha256", key).update(payload).digest();
  }

  function verified(cookie: string): { claims: Claims; user: DashboardUser } | undefined {
    const [payload = "", signature = "", ...rest] = cookie.split(".");
    const claims = parseClaims(payload);
    const user = claims && byName.get(claims.name);
    if (!claims || !user || rest.length > 0) return undefined;
    const expected = sign(payload, user);
    const given = Buffer.from(signature, "base64url");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    return claims.expiresAt > now() && !loggedOut.has(claims.id) ? { claims, user } : undefined;
  }

  const formToken = ({ id }: Session): string =>
    createHmac("sha256", secret).update(`evertoken form\0${id}`).digest("base64url");

  return {
    issue(user: DashboardUser): string {
      const claims: Claims = {
        id: randomBytes(12).toString("base64url"),
        name: user.name,
        expiresAt: now() + lifetimeMs,
      };
      const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
      return `${payload}.${sign(payload, user).toString("base64url")}`;
    },
    read(cookie: string | undefined): Session | undefined {
      const found = cookie === undefined ? undefined : verified(cookie);
      return found && { name: found.user.name, role: found.user.role, id: found.claims.id };
    },
    /** Stands in every form of this login's pages; another site cannot know it. */
    formToken,
    isFormToken(session: Session, given: unknown): boolean {
      const [expected, sent] = [Buffer.from(formToken(session)), Buffer.from(typeof given === "string" ? given : "")];
      return expected.length === sent.length && timingSafeEqual(expected, sent);
    },
    revoke(cookie: string | undefined): void {
      const found = cookie === undefined ? undefined : verified(cookie);
      if (!found) return;
      for (const [id, expiresAt] of loggedOut) if (expiresAt <= now()) loggedOut.delete(id);
      loggedOut.set(found.claims.id, found.claims.expiresAt);
    },
  };
}

export type Sessions = ReturnType<typeof createSessions>;
