import type { Tone } from "./format.ts";

/** What came of an action, as the next page says it. */
export const banners = {
  refreshing: { tone: "ok", text: "The refresh was brought forward: a worker takes it at once." },
  waiting: {
    tone: "warn",
    text: "The provider asked us to wait, so the refresh runs after that. Force it to ask all the same.",
  },
  scheduled: { tone: "ok", text: "The next refresh was put where the token's end wants it." },
  no_refresh: { tone: "warn", text: "This connection needs no refresh: nothing was scheduled." },
  syncing: { tone: "ok", text: "The sync was asked for." },
  tagged: { tone: "ok", text: "The tags were changed." },
  revoked: { tone: "ok", text: "Disconnected: the tokens are erased here and revoked at the provider." },
  revoking: {
    tone: "warn",
    text: "Disconnected: the tokens are erased here. The provider did not answer, and is asked again to revoke them.",
  },
  erased: {
    tone: "warn",
    text: "Disconnected: the tokens are erased here. The provider refuses to revoke them, or cannot be asked any more.",
  },
  disconnected: { tone: "ok", text: "Disconnected: the tokens are erased here." },
} as const satisfies Record<string, { tone: Tone; text: string }>;

export type BannerCode = keyof typeof banners;

export const bannerOf = (code: unknown): BannerCode | null =>
  typeof code === "string" && Object.hasOwn(banners, code) ? (code as BannerCode) : null;
