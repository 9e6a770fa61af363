import { describe, expect, it } from "vitest";
import { defineProvider, findFaults } from "./provider.ts";

const minimal = {
  id: "acme",
  name: "Acme",
  docs: "https://acme.example/docs",
  tokenUrl: "https://acme.example/token",
  policy: { lifetimeSeconds: 3600 },
} as const;

describe("a provider's file", () => {
  it("gets its defaults", () => {
    const provider = defineProvider(minimal);
    expect(provider.clientAuth).toBe("post");
    expect(provider.encoding).toBe("form");
    expect(provider.policy.rotation).toEqual({ kind: "none" });
    expect(provider.refresh.parameters).toEqual({});
  });

  it.each<[string, unknown, string]>([
    ["a misspelt field", { ...minimal, tokenURL: "https://acme.example" }, "acme: (file): "],
    ["a wrong value", { ...minimal, clientAuth: "digest" }, "acme: clientAuth: "],
    ["a nested fault", { ...minimal, policy: { lifetimeSeconds: -1 } }, "acme: policy.lifetimeSeconds: "],
    ["a broken pattern", { ...minimal, errors: [{ text: "(", judged: "denied" }] }, "acme: errors.0.text: "],
    ["a rule that matches everything", { ...minimal, errors: [{ judged: "denied" }] }, "acme: errors.0: "],
    ["no token endpoint", { ...minimal, tokenUrl: undefined }, "acme: tokenUrl: "],
    ["an unknown placeholder", { ...minimal, tokenUrl: "https://{shop}.acme.example/token" }, "acme: tokenUrl: {shop}"],
    [
      "an account named by what nobody keeps",
      { ...minimal, identity: { url: null, id: ["{shop}", "id"] } },
      "acme: identity.id: {shop} is in none of",
    ],
    ["another scheme", { ...minimal, tokenUrl: "ftp://acme.example/token" }, "acme: tokenUrl: "],
    ["no id at all", { name: "Acme" }, "(no id): id: "],
    ["not even an object", "acme", "(no id): (file): "],
  ])("says which file and field: %s", (_, input, fault) => {
    expect(findFaults(input)).toContainEqual(expect.stringContaining(fault));
  });

  it("throws all faults together", () => {
    expect(() => defineProvider({ ...minimal, name: "", docs: "nowhere" })).toThrow(/acme: name: .*\nacme: docs: /);
  });
});
