import { expect, test } from "vitest";
import { catalogue } from "./catalogue/index.ts";
import { missingScopes } from "./missing-scopes.ts";

const of = (id: string) => catalogue.find((provider) => provider.id === id) ?? { scopeForms: [] };

test.each<[string, string[], string[], string[]]>([
  ["hubspot", ["a", "b"], ["a"], ["b"]],
  ["hubspot", ["openid", "offline_access", "a"], ["a"], []],
  ["gmail", ["email", "openid"], ["openid", "https://www.googleapis.com/auth/userinfo.email"], []],
  ["gmail", ["https://www.googleapis.com/auth/userinfo.email"], ["email"], []],
  [
    "gmail",
    ["https://www.googleapis.com/auth/gmail.send"],
    ["gmail.send"],
    ["https://www.googleapis.com/auth/gmail.send"],
  ],
  ["microsoft", ["https://graph.microsoft.com/Mail.Read"], ["Mail.Read", "openid"], []],
  ["microsoft", ["Mail.Read"], ["https://graph.microsoft.com/Mail.Read"], []],
  ["microsoft", ["https://contoso.example/Mail.Read"], ["Mail.Read"], ["https://contoso.example/Mail.Read"]],
])("%s: asked for %j, granted %j", (id, required, granted, missing) => {
  expect(missingScopes(of(id), required, granted)).toEqual(missing);
});
