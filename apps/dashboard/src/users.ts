import type { DashboardUser, Role } from "./passwords.ts";

/** The dashboard's part of the shared configuration. */
export interface DashboardSettings {
  readonly user: string;
  /** The operator's password, or its hash as `hashPassword` makes it. */
  readonly password: string | null;
  /** Gives a second user, `viewer`, who can look and not act. */
  readonly viewerPassword: string | null;
  readonly sessionSecret: string | null;
}

/** A password in the configuration may stand there as a hash; nobody's password begins like one. */
function userOf(name: string, role: Role, password: string): DashboardUser {
  return password.startsWith("scrypt-1$") ? { name, role, passwordHash: password } : { name, role, password };
}

/** Who may log in, and what is missing for it; all faults together. */
export function readUsers(settings: DashboardSettings): { users: DashboardUser[]; faults: string[] } {
  const { user, password, viewerPassword, sessionSecret } = settings;
  const faults: string[] = [];
  if (password === null) faults.push("DASHBOARD_PASSWORD is missing: the dashboard is never open to everyone");
  else if (password.length < 12) faults.push("DASHBOARD_PASSWORD is too short: it needs 12 characters or more");
  if (viewerPassword !== null && viewerPassword.length < 12) {
    faults.push("DASHBOARD_VIEWER_PASSWORD is too short: it needs 12 characters or more");
  }
  if (viewerPassword !== null && user === "viewer") faults.push('DASHBOARD_USER is "viewer": that name is taken');
  if (sessionSecret === null || sessionSecret.length < 32) {
    faults.push("SESSION_SECRET is missing or too short: it needs 32 random characters or more");
  }
  const users = password === null ? [] : [userOf(user, "operator", password)];
  if (viewerPassword !== null) users.push(userOf("viewer", "viewer", viewerPassword));
  return { users, faults };
}
