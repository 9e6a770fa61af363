import { randomBytes } from "node:crypto";
import type { Sealed } from "@evertoken/core";
import { expect, test } from "vitest";
import { createKeyring, VaultError } from "./vault.ts";

const hex = () => randomBytes(32).toString("hex");
const id = "0f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11";
const otherId = "1f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11";

function failure(task: () => unknown): unknown {
  try {
    return task();
  } catch (error) {
    expect(error).toBeInstanceOf(VaultError);
    return (error as VaultError).code;
  }
}

test.each(["", "token", "\u{1f511} ключ", "x".repeat(65_536)])("what was sealed opens again", (plain) => {
  const ring = createKeyring([hex()]);
  expect(ring.open(ring.seal(plain, id, "access_token"), id, "access_token")).toBe(plain);
});

test("the same text never looks the same twice, and never shows", () => {
  const ring = createKeyring([hex()]);
  const sealed = Array.from({ length: 1000 }, () => ring.seal("a-plain-token", id, "access_token"));
  expect(new Set(sealed).size).toBe(1000);
  expect(sealed.join()).not.toContain("a-plain-token");
});

test("a ciphertext opens in its own row and column only", () => {
  const ring = createKeyring([hex()]);
  const sealed = ring.seal("token", id, "access_token");
  expect(failure(() => ring.open(sealed, otherId, "access_token"))).toBe("altered");
  expect(failure(() => ring.open(sealed, id, "refresh_token"))).toBe("altered");
});

test("no character of a ciphertext can be changed unseen", () => {
  const ring = createKeyring([hex()]);
  const sealed = ring.seal("token", id, "access_token");
  const start = sealed.lastIndexOf(".") + 1;
  for (let i = start; i < sealed.length - 1; i++) {
    const changed = sealed.slice(0, i) + (sealed[i] === "A" ? "B" : "A") + sealed.slice(i + 1);
    expect(failure(() => ring.open(changed as Sealed, id, "access_token"))).toBe("altered");
  }
});

test.each(["", "plain-token", "v1", "v1.key", "v2.aaaaaaaa.AAAA", "a1b2:c3d4:e5f6"])("%j is not ours", (text) => {
  expect(failure(() => createKeyring([hex()]).open(text as Sealed, id, "access_token"))).toBe("malformed");
});

test("a cut-off ciphertext is malformed or altered, never an empty token", () => {
  const ring = createKeyring([hex()]);
  const sealed = ring.seal("token", id, "access_token");
  for (let length = sealed.lastIndexOf(".") + 1; length < sealed.length; length++) {
    const cut = sealed.slice(0, length) as Sealed;
    expect(["malformed", "altered"]).toContain(failure(() => ring.open(cut, id, "access_token")));
  }
});

test("a key that is not in the ring is told apart from a text that was altered", () => {
  const sealed = createKeyring([hex()]).seal("token", id, "access_token");
  expect(failure(() => createKeyring([hex()]).open(sealed, id, "access_token"))).toBe("unknown_key");
});

test("the first key of a ring encrypts, the others still open", () => {
  const [old, young] = [hex(), hex()];
  const before = createKeyring([old]);
  const ring = createKeyring([young, old]);
  expect(ring.open(before.seal("token", id, "access_token"), id, "access_token")).toBe("token");
  expect(failure(() => before.open(ring.seal("token", id, "access_token"), id, "access_token"))).toBe("unknown_key");
  expect(ring.keyIds).toHaveLength(2);
  expect(ring.activeKeyId).toBe(createKeyring([young]).activeKeyId);
});

test("no key, no ring", () => {
  expect(failure(() => createKeyring([]))).toBe("unknown_key");
  expect(failure(() => createKeyring(["abcd"]))).toBe("malformed");
});

test("a mark is good for its text and its place, under any key of the ring", () => {
  const [older, newer] = [hex(), hex()];
  const mark = createKeyring([older]).mark("text", "here");
  const ring = createKeyring([newer, older]);
  expect(() => ring.checkMark(mark, "text", "here")).not.toThrow();
  expect(failure(() => ring.checkMark(mark, "text", "there"))).toBe("altered");
  expect(failure(() => ring.checkMark(mark, "other", "here"))).toBe("altered");
  expect(failure(() => createKeyring([newer]).checkMark(mark, "text", "here"))).toBe("unknown_key");
  expect(failure(() => ring.checkMark("mark", "text", "here"))).toBe("malformed");
});
