import type { RawAnswer } from "@evertoken/core";
import { describe, expect, it } from "vitest";
import { identityRequest, readIdentity } from "./identity.ts";
import { defineProvider, type ProviderInput } from "./provider.ts";

const telling = (id: string | string[]): ProviderInput => ({
  id: "acme",
  name: "Acme",
  docs: "https://acme.example/docs",
  tokenUrl: "https://acme.example/token",
  policy: { lifetimeSeconds: 3600 },
  answer: { keep: ["realm"] },
  identity: { url: "https://acme.example/me", id, name: "name" },
});

function read(id: string | string[], body: string) {
  const answer: RawAnswer = { kind: "response", status: 200, headers: {}, body: new TextEncoder().encode(body) };
  return readIdentity(defineProvider(telling(id)), answer);
}

describe("whose token it is", () => {
  it.each<[string, string | string[], string, string]>([
    ["text", "id", '{"id":"u-1","name":"Ann"}', "u-1"],
    ["a number", "me.id", '{"me":{"id":17}}', "17"],
    ["zero", "id", '{"id":0}', "0"],
    ["a number beyond 2^53, digit by digit", "id", '{"id":17841405793187219}', "17841405793187219"],
    ["the same in a list", "data.0.id", '{"data":[{"id":-17841405793187219}]}', "-17841405793187219"],
    ["a number of many digits that is none too large", "id", '{"id":9007199254740991}', "9007199254740991"],
    ["several parts", ["company", "id"], '{"company":7,"id":"u-1"}', "7:u-1"],
  ])("%s", (_, id, body, expected) => {
    expect(read(id, body)?.externalAccountId).toBe(expected);
  });

  it("from what the connection knows, asked or not", () => {
    const identity = { url: null, id: "{shop}", name: "{shop}" };
    const shop = defineProvider({
      ...telling("id"),
      identity,
      placeholders: { shop: { pattern: "[a-z]+", example: "a" } },
    });
    expect(identityRequest(shop, { accessToken: "t", metadata: { shop: "shoes" } })).toBeNull();
    expect(readIdentity(shop, null, { shop: "shoes" })).toEqual({ externalAccountId: "shoes", displayName: "shoes" });
    expect(readIdentity(shop, null)).toBeNull();
    const both = defineProvider(telling(["{realm}", "id"]));
    const answer: RawAnswer = { kind: "response", status: 200, headers: {}, body: Buffer.from('{"id":"u-1"}') };
    expect(readIdentity(both, answer, { realm: "9" })?.externalAccountId).toBe("9:u-1");
    expect(readIdentity(both, answer)).toBeNull();
    expect(readIdentity(both, null, { realm: "9" })).toBeNull();
  });

  it("asked with a query that is posted", () => {
    const query = "{ viewer { id } }";
    const graph = defineProvider({
      ...telling("id"),
      identity: { url: "https://acme.example/graphql", body: { query }, id: "data.viewer.id" },
    });
    expect(identityRequest(graph, { accessToken: "t" })).toEqual({
      method: "POST",
      url: "https://acme.example/graphql",
      headers: { accept: "application/json", authorization: "Bearer t", "content-type": "application/json" },
      body: JSON.stringify({ query }),
    });
  });

  it("two ids that differ in the last digit are two accounts", () => {
    const [a, b] = ['{"id":17841405793187218}', '{"id":17841405793187219}'].map((body) => read("id", body));
    expect(a).not.toEqual(b);
  });

  it.each<[string, string | string[], string]>([
    ["nothing", "id", "{}"],
    ["an empty text", "id", '{"id":""}'],
    ["a yes", "id", '{"id":true}'],
    ["one part of two", ["company", "id"], '{"id":"u-1"}'],
    ["no JSON", "id", '{"id":'],
  ])("is not known from %s", (_, id, body) => {
    expect(read(id, body)).toBeNull();
  });
});
