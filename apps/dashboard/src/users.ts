import type { Config, OpenIdSettings } from "@evertoken/adapters";
import { isPasswordHash, readPasswordHash, type SetPerson, shortestPassword, whyWeak } from "@evertoken/operations";

/** The dashboard's part of the shared configuration. */
export type DashboardSettings = Pick<
  Config["dashboard"],
  "user" | "password" | "viewerPassword" | "publicUrl" | "openId" | "needsSecondFactor"
>;

export interface WhoMayLogIn {
  /** Whom the settings name; others are stored (`evertoken users`). */
  readonly people: readonly SetPerson[];
  /** null: nobody comes that way. */
  readonly openId: OpenIdSettings | null;
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

/** Who may log in by the settings, and what is wrong with them; all faults together, none with a value. */
export function readUsers(settings: DashboardSettings): WhoMayLogIn {
  const { user, password, viewerPassword, needsSecondFactor } = settings;
  const given = [
    { setting: "DASHBOARD_PASSWORD", name: user, role: "operator", credential: password },
    { setting: "DASHBOARD_VIEWER_PASSWORD", name: "viewer", role: "viewer", credential: viewerPassword },
  ] as const;
  const people = given.flatMap(({ credential, ...rest }) => (credential === null ? [] : [{ ...rest, credential }]));
  const { openId, faults } = readOpenId(settings);
  const twice = viewerPassword !== null && user === "viewer";
  return {
    people: people.map(({ name, role, credential }) => ({ name, role, credential })),
    openId,
    faults: [
      ...people.flatMap(({ setting, credential }) => faultsOf(setting, credential)),
      ...(twice ? ['DASHBOARD_USER is "viewer": that name is taken'] : []),
      ...faults,
    ],
    // What was good enough for the last version goes on.
    warnings: people.flatMap(({ setting, name, credential }) => {
      if (needsSecondFactor) return [`${setting} lets nobody in: DASHBOARD_SECOND_FACTOR_NEEDED is true`];
      const weak = isPasswordHash(credential) ? null : whyWeak(credential, [name]);
      return weak === null ? [] : [`${setting} should be another one: ${weak}`];
    }),
  };
}

function faultsOf(setting: string, credential: string): string[] {
  if (!isPasswordHash(credential)) {
    return credential.length < shortestPassword
      ? [`${setting} is too short: it needs ${shortestPassword} characters or more`]
      : [];
  }
  try {
    readPasswordHash(credential);
    return [];
  } catch {
    return [`${setting} begins like a password hash and is none: in a file of settings it needs single quotes`];
  }
}

function readOpenId({ openId, publicUrl }: DashboardSettings): { openId: OpenIdSettings | null; faults: string[] } {
  const { issuer, clientId, ...rest } = openId;
  if (issuer === null && clientId === null) return { openId: null, faults: [] };
  const faults = [
    ...(issuer === null ? ["DASHBOARD_OIDC_ISSUER is missing: DASHBOARD_OIDC_CLIENT_ID is set"] : []),
    ...(clientId === null ? ["DASHBOARD_OIDC_CLIENT_ID is missing: DASHBOARD_OIDC_ISSUER is set"] : []),
    ...(publicUrl === null ? ["DASHBOARD_PUBLIC_URL is missing: people who log in elsewhere are sent back there"] : []),
  ];
  return { openId: issuer === null || clientId === null ? null : { issuer, clientId, ...rest }, faults };
}
