import { defineProvider, type ProviderInput } from "@evertoken/providers";
import { expect, test } from "vitest";
import { changesOfServer } from "./changes-of-server.ts";

const old = {
  ...{ id: "own", name: "Own", docs: "https://own.example" },
  issuer: "https://sso.example",
  tokenUrl: "https://sso.example/token",
  policy: { lifetimeSeconds: 3600 },
} as const;

const change = (more: Partial<ProviderInput>, discovered = false) =>
  changesOfServer(old, { definition: {}, provider: defineProvider({ ...old, ...more }), discovered });

test.each<[string, Partial<ProviderInput>, boolean, number]>([
  ["another name", { name: "Other" }, false, 0],
  ["another path", { tokenUrl: "https://sso.example/v2/token" }, false, 0],
  ["another host, told by the same issuer", { tokenUrl: "https://tokens.example/token" }, true, 0],
  ["another host, stated", { tokenUrl: "https://tokens.example/token" }, false, 1],
  ["a host that only begins like it", { tokenUrl: "https://sso.example.evil/token" }, false, 1],
  ["another port", { tokenUrl: "https://sso.example:444/token" }, false, 1],
  ["another endpoint to refresh at", { refresh: { url: "https://other.example/" } }, false, 1],
  ["another issuer, elsewhere", { issuer: "https://x.example", tokenUrl: "https://x.example/token" }, true, 1],
  ["another way to refresh", { policy: { lifetimeSeconds: 3600, spends: "access_token" } }, false, 1],
])("%s", (_, more, discovered, count) => {
  expect(change(more, discovered)).toHaveLength(count);
});

test("one that this version does not understand keeps its server as well", () => {
  const stored = { ...old, fromTheFuture: 1, encoding: "smoke signals" };
  const to = (tokenUrl: string) => ({
    definition: {},
    provider: defineProvider({ ...old, tokenUrl }),
    discovered: false,
  });
  expect(changesOfServer(stored, to("https://sso.example/other"))).toEqual([]);
  expect(changesOfServer(stored, to("https://x.example/token"))).toHaveLength(1);
  expect(changesOfServer("nothing at all", to(old.tokenUrl))).toHaveLength(1);
});
