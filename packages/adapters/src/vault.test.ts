import { createHmac, randomBytes } from "node:crypto";
import type { Sealed } from "@evertoken/core";
import { describe, expect, test } from "vitest";
import { toEncryptionKey } from "./encryption-key.ts";
import { createKeyring, VaultError } from "./vault.ts";

const hex = () => randomBytes(32).toString("hex");
const owner = { id: "0f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11", provider: "acme", registration: "default" };

/** As an installation that began with this version. */
function presentRing(...keys: string[]) {
  const ring = createKeyring(keys);
  ring.usePresentForm();
  return ring;
}

function failure(task: () => unknown): unknown {
  try {
    return task();
  } catch (error) {
    expect(error).toBeInstanceOf(VaultError);
    return (error as VaultError).code;
  }
}

const rings = { present: () => presentRing(hex()), former: () => createKeyring([hex()]) };

describe.each(["present", "former"] as const)("in the %s form", (form) => {
  const ring = rings[form]();
  const sealed = ring.seal("token", owner, "access_token");

  test.each(["", "token", "\u{1f511} ключ", "x".repeat(65_536)])("what was sealed opens again", (plain) => {
    expect(ring.open(ring.seal(plain, owner, "access_token"), owner, "access_token")).toBe(plain);
  });

  test("the same text never looks the same twice, and never shows", () => {
    const texts = Array.from({ length: 1000 }, () => ring.seal("a-plain-token", owner, "access_token"));
    expect(new Set(texts).size).toBe(1000);
    expect(texts.join()).not.toContain("a-plain-token");
  });

  test("a ciphertext opens in its own row and column only", () => {
    const other = { ...owner, id: "1f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11" };
    expect(failure(() => ring.open(sealed, other, "access_token"))).toBe("altered");
    expect(failure(() => ring.open(sealed, owner, "refresh_token"))).toBe("altered");
  });

  test("no character of a ciphertext can be changed, added or left out unseen", () => {
    for (let at = sealed.lastIndexOf(".") + 1; at < sealed.length; at++) {
      const changed = [
        sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1),
        `${sealed.slice(0, at)}\n${sealed.slice(at)}`,
        sealed.slice(0, at),
      ];
      for (const text of changed) {
        expect(["altered", "malformed"]).toContain(failure(() => ring.open(text as Sealed, owner, "access_token")));
      }
    }
  });

  test.each([".more", ".AAAA", "=", " ", "."])("a text with %j behind it is none of ours", (more) => {
    const text = `${sealed}${more}` as Sealed;
    expect(failure(() => ring.open(text, owner, "access_token"))).toBe("malformed");
  });

  test("a key that is not in the ring is told apart from a text that was altered", () => {
    expect(failure(() => createKeyring([hex()]).open(sealed, owner, "access_token"))).toBe("unknown_key");
  });
});

test.each(["", "plain-token", "v1", "v1.key", "v2.aaaaaaaa.AAAA", "a1b2:c3d4:e5f6"])("%j is not ours", (text) => {
  expect(failure(() => createKeyring([hex()]).open(text as Sealed, owner, "access_token"))).toBe("malformed");
});

test("a token opens for the provider and registration that it was given for, and no other", () => {
  const ring = presentRing(hex());
  const sealed = ring.seal("token", owner, "refresh_token");
  for (const moved of [{ provider: "evil" }, { registration: "white" }]) {
    expect(failure(() => ring.open(sealed, { ...owner, ...moved }, "refresh_token"))).toBe("altered");
  }
});

test("what the former version sealed opens, and a ring writes its form until it has opened one of the present", () => {
  const key = hex();
  const [ring, other] = [createKeyring([key]), presentRing(key)];
  const former = ring.seal("token", owner, "access_token");
  expect(former).toMatch(/^v1\./);
  expect(other.open(former, owner, "access_token")).toBe("token");
  ring.open(other.seal("token", owner, "access_token"), owner, "access_token");
  expect(ring.seal("token", owner, "access_token")).toMatch(/^v2\./);
});

test("a salt is good for so many texts, then another one is taken", () => {
  const key = toEncryptionKey(randomBytes(32), 3);
  const salts = Array.from({ length: 7 }, () => key.sealing().salt);
  expect(salts.map((salt) => salts.indexOf(salt))).toEqual([0, 0, 0, 3, 3, 3, 6]);
  expect(key.opening(salts[0] as string).export()).not.toEqual(key.opening(salts[3] as string).export());
});

test("processes do not share a salt", () => {
  const key = hex();
  const saltOf = (text: string) => text.split(".")[2];
  const [one, other] = [presentRing(key), presentRing(key)].map((ring) => ring.seal("token", owner, "access_token"));
  expect(saltOf(one as string)).not.toBe(saltOf(other as string));
});

test("the first key of a ring encrypts, the others still open", () => {
  const [old, young] = [hex(), hex()];
  const before = presentRing(old);
  const ring = presentRing(young, old);
  expect(ring.open(before.seal("token", owner, "access_token"), owner, "access_token")).toBe("token");
  const sealed = ring.seal("token", owner, "access_token");
  expect(failure(() => before.open(sealed, owner, "access_token"))).toBe("unknown_key");
  expect(ring.keyIds).toHaveLength(2);
  expect(ring.activeKeyId).toBe(createKeyring([young]).activeKeyId);
});

test("no key, no ring", () => {
  expect(failure(() => createKeyring([]))).toBe("unknown_key");
  expect(failure(() => createKeyring(["abcd"]))).toBe("malformed");
});

test("a mark of the former version is good for its text and its place, under any key of the ring", () => {
  const [older, newer] = [hex(), hex()];
  const marking = createHmac("sha256", Buffer.from(older, "hex")).update("evertoken mark").digest();
  const mac = createHmac("sha256", marking).update("here\ntext").digest("base64url");
  const mark = `v1.${createKeyring([older]).activeKeyId}.${mac}`;
  const ring = createKeyring([newer, older]);
  expect(() => ring.checkMark(mark, "text", "here")).not.toThrow();
  expect(failure(() => ring.checkMark(mark, "text", "there"))).toBe("altered");
  expect(failure(() => ring.checkMark(mark, "other", "here"))).toBe("altered");
  expect(failure(() => createKeyring([newer]).checkMark(mark, "text", "here"))).toBe("unknown_key");
  expect(failure(() => ring.checkMark("mark", "text", "here"))).toBe("malformed");
});
