import type { RawAnswer } from "@evertoken/core";
import { describe, expect, it } from "vitest";
import { readIdentity } from "./identity.ts";
import { defineProvider } from "./provider.ts";

const telling = (id: string | string[]) =>
  defineProvider({
    id: "acme",
    name: "Acme",
    docs: "https://acme.example/docs",
    tokenUrl: "https://acme.example/token",
    policy: { lifetimeSeconds: 3600 },
    identity: { url: "https://acme.example/me", id, name: "name" },
  });

function read(id: string | string[], body: string) {
  const answer: RawAnswer = { kind: "response", status: 200, headers: {}, body: new TextEncoder().encode(body) };
  return readIdentity(telling(id), answer);
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
