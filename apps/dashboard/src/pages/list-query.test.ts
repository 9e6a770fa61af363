import { expect, test } from "vitest";
import { listAddress, readListQuery, writeCursor } from "./list-query.ts";

const id = "0e8f4a2b-1c3d-4e5f-8a9b-0c1d2e3f4a5b";
const read = (address: string) =>
  readListQuery(Object.fromEntries(new URL(address, "http://x").searchParams), (provider) => provider === "acme");

test.each([
  "/connections",
  "/connections?provider=acme&status=error",
  "/connections?q=a+b%26c&state=failing",
  "/connections?sort=updated&order=asc",
  "/connections?order=desc",
  `/connections?sort=refreshed&after=${writeCursor({ provider: "acme", status: "connected", at: "2026-01-02T03:04:05.678Z", id })}`,
  `/connections?after=${writeCursor({ provider: "acme", status: "error", at: null, id })}`,
])("%s is read, and written again as it was", (address) => {
  expect(listAddress(read(address))).toBe(address);
});

test("words of a search are taken for filters where they are some, and for text where they are none", () => {
  const found = read("/connections?q=tag%3Agold+blue++shoes+status%3Aerror+provider%3Aacme&status=connected");
  expect(listAddress(found)).toBe("/connections?q=blue++shoes&provider=acme&status=error&tag=gold");
  for (const text of ["tag:Not", "status:fine", "provider:nobody", "tag:", "a tag: b"])
    expect(read(`/connections?q=${encodeURIComponent(text)}`)).toMatchObject({ q: text, tag: null, status: null });
});

test("what a form sends of fields that nobody filled counts as left out", () => {
  expect(read("/connections?q=&provider=&status=&state=&sort=expiry&order=asc")).toEqual(read("/connections"));
});
