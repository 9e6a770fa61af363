import type { KnownRow } from "@evertoken/adapters";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type BroughtTokens, whyKeep } from "./why-keep.ts";

const at = (minutes: number) => new Date(Date.UTC(2026, 10, 26, 12, minutes));
const known = (changes: Partial<KnownRow> = {}): KnownRow => ({
  ...{
    id: "id",
    registration: "default",
    auth_type: "oauth2",
    status: "connected",
    generation: 3,
    metadata: { shop: "a" },
  },
  ...{ access_token: null, refresh_token: null, expires_at: at(30), next_refresh_at: at(25) },
  refreshing: false,
  ...changes,
});
const brought = (changes: Partial<BroughtTokens> = {}): BroughtTokens => ({
  ...{ registration: "default", metadata: {}, accessToken: "a1", refreshToken: "r1", statedExpiresAt: null },
  ...changes,
});
const stored = (column: string) => ({ access_token: "a2", refresh_token: "r2" })[column] ?? null;

test.each([
  ["another set of unknown age", known(), brought(), "not_newer"],
  ["a set that ends earlier", known(), brought({ statedExpiresAt: at(29) }), "not_newer"],
  ["a set that ends at the same time", known(), brought({ statedExpiresAt: at(30) }), "not_newer"],
  ["a set beside one that never ends", known({ expires_at: null }), brought({ statedExpiresAt: at(99) }), "not_newer"],
  ["a set that ends later", known(), brought({ statedExpiresAt: at(31) }), null],
  ["the stored set", known(), brought({ refreshToken: "r2", statedExpiresAt: at(99) }), "same_tokens"],
  [
    "the stored set, which was denied",
    known({ status: "needs_reauth" }),
    brought({ refreshToken: "r2" }),
    "same_tokens",
  ],
  ["the stored set with another shop", known(), brought({ refreshToken: "r2", metadata: { shop: "b" } }), null],
  [
    "the stored set with another shop, while it is spent",
    known({ refreshing: true }),
    brought({ refreshToken: "r2", metadata: { shop: "b" } }),
    "same_tokens",
  ],
  ["the stored set for another client", known(), brought({ refreshToken: "r2", registration: "other" }), null],
  ["another set after a denial", known({ status: "needs_reauth" }), brought(), null],
  ["any set after a disconnect", known({ status: "disconnected" }), brought({ refreshToken: "r2" }), null],
  ["an API key", known({ auth_type: "api_key" }), brought({ refreshToken: null }), null],
] as const)("%s", (_what, row, set, why) => {
  expect(whyKeep(row, set, "refresh_token", stored)).toBe(why);
});

test("what is stored and cannot be spent, or does not open, gives way", () => {
  expect(whyKeep(known(), brought(), "refresh_token", () => null)).toBeNull();
  expect(whyKeep(known(), brought(), "nothing", stored)).toBeNull();
});

test("of a set that is exchanged by its access token, that one counts", () => {
  expect(whyKeep(known(), brought({ accessToken: "a2", refreshToken: null }), "access_token", stored)).toBe(
    "same_tokens",
  );
  expect(whyKeep(known(), brought({ refreshToken: null }), "access_token", stored)).toBe("not_newer");
});

test("no set of an age that is not stated replaces one that works", () => {
  const statuses = fc.constantFrom("connected", "token_expired", "error");
  fc.assert(
    fc.property(
      statuses,
      fc.string(),
      fc.option(fc.date({ noInvalidDate: true })),
      (status, refreshToken, expires_at) => {
        expect(
          whyKeep(known({ status, expires_at }), brought({ refreshToken }), "refresh_token", stored),
        ).not.toBeNull();
      },
    ),
  );
});
