import type { Answer } from "./token-server-deliver.ts";
import type { Presented, Rotation } from "./token-server-families.ts";

export type TokenServerSettings = {
  rotation: Rotation;
  /** Written into the answer as it is, so odd values can be tried; "absent" leaves it out. */
  expiresIn: number | string | null;
  /** How long access tokens really live; by default what `expiresIn` says, or 1800 where it says nothing usable. */
  lifetimeSeconds: number | null;
  /** What stands in `refresh_token` when it did not change. */
  unrotatedRefreshToken: "absent" | "same" | "null" | "empty";
  /** Between the decision and the answer. */
  latencyMs: number;
  answerStatus: number;
  answerOverrides: Record<string, unknown>;
  answerOmits: string[];
};

export const defaultSettings: TokenServerSettings = {
  rotation: "strict",
  expiresIn: 1800,
  lifetimeSeconds: null,
  unrotatedRefreshToken: "absent",
  latencyMs: 0,
  answerStatus: 200,
  answerOverrides: {},
  answerOmits: [],
};

const fallbackLifetimeSeconds = 1800;

export function lifetimeOf(settings: TokenServerSettings): number {
  if (settings.lifetimeSeconds !== null) return settings.lifetimeSeconds;
  const said = Number(settings.expiresIn);
  return Number.isFinite(said) && said > 0 ? said : fallbackLifetimeSeconds;
}

const unrotated = { absent: undefined, null: null, empty: "" };

/** The token response of RFC 6749 section 5.1, with the oddities that the settings ask for. */
export function grantedAnswer(presented: Presented, settings: TokenServerSettings): Answer {
  if (presented.outcome !== "granted" && presented.outcome !== "replayed") {
    return { status: 400, body: { error: "invalid_grant", error_description: presented.outcome } };
  }
  const keeps = settings.unrotatedRefreshToken;
  const body: Record<string, unknown> = {
    access_token: presented.accessToken,
    token_type: "Bearer",
    expires_in: settings.expiresIn === "absent" ? undefined : settings.expiresIn,
    refresh_token: presented.rotated || keeps === "same" ? presented.refreshToken : unrotated[keeps],
    scope: "profile",
    ...settings.answerOverrides,
  };
  for (const name of settings.answerOmits) delete body[name];
  return { status: settings.answerStatus, body };
}
