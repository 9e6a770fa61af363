import { expect, test } from "vitest";
import { endpointPaths, originOf, pathsOf } from "./addresses.ts";
import { providerSchema } from "./provider-schema.ts";

const takes = (field: { safeParse?: unknown }, text: string) =>
  (field as { safeParse(value: unknown): { success: boolean } }).safeParse(text).success;

test("whatever takes nothing but an address is an endpoint, or one of the three that nothing secret is sent to", () => {
  const addresses = pathsOf(
    providerSchema,
    (field) => takes(field as never, "https://x.example/y") && !takes(field as never, "plain words"),
  );
  expect(endpointPaths).toContain("revoke.url");
  expect(endpointPaths).toContain("derived.url");
  expect(addresses.filter((path) => !endpointPaths.includes(path)).sort()).toEqual(["docs", "iss.issuer", "issuer"]);
  expect(endpointPaths.filter((path) => !addresses.includes(path))).toEqual([]);
});

const shops = { placeholders: { shop: { pattern: "[a-z]+" }, region: { pattern: "[a-z]+", default: "eu" } } };
const [here, there] = ["https://a.example/token", "https://{shop}.a.example/token"];

test.each([
  ["another path", shops, here, shops, "https://A.example:443/other?x=y", true],
  ["a part of the path from a connection", shops, here, shops, "https://a.example/{shop}", true],
  ["another scheme", shops, here, shops, "http://a.example/token", false],
  ["a user name that looks like it", shops, here, shops, "https://a.example@b.example/token", false],
  ["a host that begins like it", shops, here, shops, "https://a.example.b.example/", false],
  ["the same template", shops, there, shops, "https://{shop}.a.example/other", true],
  ["one shop's host in place of each one's", shops, there, shops, "https://a.a.example/{shop}", false],
  ["another part in that place", shops, there, shops, "https://{region}.a.example/token", false],
  [
    "parts in another order",
    shops,
    "https://{shop}.a.example/{region}",
    shops,
    "https://{region}.a.example/{shop}",
    false,
  ],
  ["wider limits", shops, there, { placeholders: { shop: { pattern: ".*" } } }, there, false],
  ["another default", shops, there, { placeholders: { shop: { pattern: "[a-z]+", default: "evil" } } }, there, false],
  ["a host that comes as a whole from a connection", shops, there, shops, "https://{shop}/token", false],
])("%s", (_, before, old, after, next, same) => {
  expect(originOf(before, old) === originOf(after, next)).toBe(same);
});
