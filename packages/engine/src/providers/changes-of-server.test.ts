import { at, defineProvider, endpointPaths, type ProviderInput } from "@evertoken/providers";
import { expect, test } from "vitest";
import { changesOfKind, movedAddresses } from "./changes-of-server.ts";

const old = {
  ...{ id: "own", name: "Own", docs: "https://own.example", issuer: "https://sso.example" },
  ...{ authorizeUrl: "https://login.example/authorize", tokenUrl: "https://sso.example/token" },
  revoke: { url: "https://sso.example/revoke" },
  identity: { url: "https://api.example/me", id: "id" },
  policy: { lifetimeSeconds: 3600 },
} as const;

const to = (more: Partial<ProviderInput>, stated: object = { ...old, ...more }) => ({
  ...{ definition: {}, provider: defineProvider({ ...old, ...more }), stated: stated as Record<string, unknown> },
});

test.each<[string, Partial<ProviderInput>, string[]]>([
  ["another name", { name: "Other" }, []],
  ["another path", { tokenUrl: "https://sso.example/v2/token" }, []],
  ["another host", { tokenUrl: "https://tokens.example/token" }, ["tokenUrl"]],
  ["a host that only begins like it", { tokenUrl: "https://sso.example.evil/token" }, ["tokenUrl"]],
  ["another port", { tokenUrl: "https://sso.example:444/token" }, ["tokenUrl"]],
  ["another endpoint to refresh at", { refresh: { url: "https://other.example/" } }, ["refresh.url"]],
  ["one of the same server", { refresh: { url: "https://sso.example/refresh" } }, []],
  ["what is revoked, elsewhere", { revoke: { url: "https://evil.example/" } }, ["revoke.url"]],
  ["at a server that got access tokens only", { revoke: { url: "https://api.example/" } }, ["revoke.url"]],
  ["whose account it is, elsewhere", { identity: { url: "https://evil.example/", id: "id" } }, ["identity.url"]],
  ["at the server that gave the token", { identity: { url: "https://sso.example/me", id: "id" } }, []],
  ["users, elsewhere", { authorizeUrl: "https://evil.example/" }, ["authorizeUrl"]],
  ["what was not there before", { longLived: { url: "https://evil.example/" } }, ["longLived.url"]],
  ["no endpoint of that kind any more", { revoke: null, identity: null }, []],
  ["another issuer of the same endpoints", { issuer: "https://sso.example/evil" }, ["issuer"]],
  ["no issuer any more", { issuer: null }, []],
])("%s", (_, more, moved) => {
  expect(movedAddresses(old, to(more))).toEqual(moved);
});

test("what the same issuer says is followed; what somebody states beside it is not", () => {
  const elsewhere = { tokenUrl: "https://tokens.example/token", revoke: { url: "https://tokens.example/revoke" } };
  const said = { id: "own", issuer: old.issuer, authorizeUrl: old.authorizeUrl, identity: old.identity };
  expect(movedAddresses(old, to(elsewhere, said))).toEqual([]);
  expect(movedAddresses(old, to(elsewhere, { ...said, tokenUrl: elsewhere.tokenUrl }))).toEqual(["tokenUrl"]);
  expect(movedAddresses(old, to({ ...elsewhere, issuer: "https://x.example" }, said))).toContain("revoke.url");
  expect(movedAddresses({ ...old, issuer: null }, to(elsewhere, said))).toEqual(["issuer", "tokenUrl", "revoke.url"]);
});

test.each(endpointPaths)("no definition can lead %s elsewhere", (path) => {
  const evil = "https://evil.example/";
  const [name = "", field] = path.split(".");
  const needed = name === "derived" ? { list: "data", id: "id", name: "name", accessToken: "token", next: "next" } : {};
  const part = field === undefined ? evil : { ...needed, ...(at(old, name) as object), [field]: evil };
  expect(movedAddresses(old, to({ [name]: part } as Partial<ProviderInput>))).toEqual([path]);
});

test("one that this version does not understand keeps its server as well", () => {
  const stored = { ...old, fromTheFuture: 1, encoding: "smoke signals" };
  expect(movedAddresses(stored, to({ tokenUrl: "https://sso.example/other" }))).toEqual([]);
  expect(movedAddresses(stored, to({ tokenUrl: "https://x.example/token" }))).toEqual(["tokenUrl"]);
  expect(movedAddresses("nothing at all", to({ tokenUrl: old.tokenUrl }))).toContain("tokenUrl");
});

test("how grants are kept alive is a change of kind", () => {
  expect(changesOfKind(old, to({ name: "Other" }))).toEqual([]);
  expect(changesOfKind(old, to({ policy: { lifetimeSeconds: 3600, spends: "access_token" } }))).toEqual([
    "policy.spends",
  ]);
  expect(changesOfKind(old, to({ authType: "api_key", policy: { lifetimeSeconds: null, spends: "nothing" } }))).toEqual(
    [...["authType", "policy.spends"]],
  );
});
