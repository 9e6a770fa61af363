import { expect, test } from "vitest";
import { mask } from "./mask.ts";

test("strings under a secret's name are hidden at any depth, counts are not", () => {
  expect(mask({ a: { accessToken: "abc", tokens: [{ x: "y" }], tokensRefreshed: 3 }, name: "hubspot" })).toEqual({
    a: { accessToken: "[hidden]", tokens: [{ x: "[hidden]" }], tokensRefreshed: 3 },
    name: "hubspot",
  });
});

test.each([
  ["GET https://x.test/me?access_token=EAAB123456789&v=1", "GET https://x.test/me?access_token=[hidden]&v=1"],
  ['{"refresh_token":"1//0abcdefgh","scope":"a"}', '{"refresh_token":"[hidden]","scope":"a"}'],
  ["authorization: Bearer ya29.abcdefgh-ijk", "authorization: Bearer [hidden]"],
  ["client_secret=s3cr3ts3cr3t", "client_secret=[hidden]"],
  ["GET https://x.test/cb?state=a&code=4%2F0Ab", "GET https://x.test/cb?state=a&code=[hidden]"],
  ["connect failed, code: ECONNREFUSED", "connect failed, code: ECONNREFUSED"],
  ["refused with refresh_token_expired after 3 attempts", "refused with refresh_token_expired after 3 attempts"],
])("%s", (text, masked) => {
  expect(mask(text)).toBe(masked);
});
