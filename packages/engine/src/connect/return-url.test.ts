import fc from "fast-check";
import { expect, test } from "vitest";
import { allowedUrl, withOutcome } from "./return-url.ts";

const allowed = ["https://app.example", "https://other.example/settings", "http://127.0.0.1:4000"];

test.each([
  ["https://app.example", "https://app.example/"],
  ["https://APP.example/done?a=1#x", "https://app.example/done?a=1#x"],
  ["https://app.example:443/x", "https://app.example/x"],
  ["https://other.example/settings", "https://other.example/settings"],
  [
    "https://other.example/settings/accounts?x=//evil.example",
    "https://other.example/settings/accounts?x=//evil.example",
  ],
  ["http://127.0.0.1:4000/back", "http://127.0.0.1:4000/back"],
  ["https://app.example/done?a=/../;b#/..;", "https://app.example/done?a=/../;b#/..;"],
])("%s is allowed", (address, canonical) => {
  expect(allowedUrl(address, allowed)).toBe(canonical);
});

test.each([
  "",
  "/done",
  "//app.example/done",
  "///app.example",
  "\\\\app.example",
  "https:app.example",
  "https:/app.example",
  "https:///app.example",
  "https:\\\\app.example",
  "javascript:alert(1)",
  "javascript://app.example/%0aalert(1)",
  "data:text/html,x",
  "http://app.example",
  "https://app.example.evil.example",
  "https://app.example:8443",
  "https://app.example@evil.example",
  "https://user:secret@app.example",
  "https://@app.example@evil.example",
  "https://evil.example\\@app.example",
  "https://app.example\\.evil.example",
  "https://app.example%2eevil.example",
  "https://evil.example/https://app.example",
  "https://evil.example?https://app.example",
  "https://evil.example#https://app.example",
  " https://app.example",
  "https://app.example/\nx",
  "https://app\t.example",
  "https://app.example/\u202ex",
  "https://other.example",
  "https://other.example/settingsevil",
  "https://other.example/settings/../admin",
  "https://other.example/settings/%2e%2e/admin",
  "https://other.example/settings/..%2fadmin",
  "https://other.example/settings/..%5cadmin",
  "https://other.example/settings/%252e%252e/admin",
  "https://other.example/settings/..;/admin",
  "https://other.example/settings;v=1/x",
  "https://other.example/settings/%3bx",
  "https://app.example/a/../b",
  "https://app.example/a/./b",
  "https://app.example/a/..",
  `https://app.example/${"x".repeat(3000)}`,
])("%j is refused", (address) => {
  expect(allowedUrl(address, allowed)).toBeNull();
});

test("whatever is put around it, only the allowed origins come out", () => {
  const piece = fc.constantFrom(
    "https:",
    "//",
    "/",
    "\\",
    "@",
    ":",
    "app.example",
    "evil.example",
    "%2f",
    ".",
    "#",
    "?",
    "\t",
    "%00",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const url = allowedUrl(pieces.join(""), allowed);
      if (url !== null) expect(new URL(url).origin).toBe("https://app.example");
    }),
    { numRuns: 5000 },
  );
});

test("what became of it is added to the query", () => {
  expect(withOutcome("https://app.example/done?a=1&status=old#part", { status: "connected", x: "a b&c" })).toBe(
    "https://app.example/done?a=1&status=connected&x=a+b%26c#part",
  );
});
