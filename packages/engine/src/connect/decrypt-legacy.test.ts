import { createCipheriv, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { decryptLegacy } from "./decrypt-legacy.ts";

const key = randomBytes(32);
const keyHex = key.toString("hex");

function encrypt(plain: string | Buffer, ivBytes = 16): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return [iv, cipher.getAuthTag(), body].map((part) => part.toString("hex")).join(":");
}

test.each([12, 16])("opens what was encrypted with an IV of %d bytes, in either case", (ivBytes) => {
  const token = "ya29.ä-token-✓";
  expect(decryptLegacy(encrypt(token, ivBytes), keyHex)).toBe(token);
  expect(decryptLegacy(` ${encrypt(token, ivBytes).toUpperCase()}\n`, keyHex.toUpperCase())).toBe(token);
});

const good = encrypt("canary-token");
const [iv = "", tag = "", body = ""] = good.split(":");
const flip = (hex: string) => `${hex.startsWith("0") ? "1" : "0"}${hex.slice(1)}`;

test.each([
  ["plain text", "canary-token", "invalid_input"],
  ["nothing", "", "invalid_input"],
  ["a part missing", `${iv}:${tag}`, "invalid_input"],
  ["a part too many", `${good}:00`, "invalid_input"],
  ["an empty text", `${iv}:${tag}:`, "invalid_input"],
  ["a tag cut short", `${iv}:${tag.slice(0, 8)}:${body}`, "invalid_input"],
  ["half a byte", `${good}0`, "invalid_input"],
  ["no hex", `${iv}:${tag}:zz`, "invalid_input"],
  ["another IV", `${flip(iv)}:${tag}:${body}`, "unreadable_token"],
  ["another tag", `${iv}:${flip(tag)}:${body}`, "unreadable_token"],
  ["another text", `${iv}:${tag}:${flip(body)}`, "unreadable_token"],
  ["bytes that are no text", encrypt(Buffer.from([0xff, 0xfe, 0xfd])), "unreadable_token"],
])("%s has its code and is not quoted", (_, text, code) => {
  const thrown = caught(() => decryptLegacy(text, keyHex));
  expect(thrown).toMatchObject({ code });
  expect(String(thrown)).not.toContain("canary");
});

test("another key does not open it, and a key that is none is told apart", () => {
  expect(caught(() => decryptLegacy(good, randomBytes(32).toString("hex")))).toMatchObject({
    code: "unreadable_token",
  });
  const thrown = caught(() => decryptLegacy(good, "canary-key"));
  expect(thrown).toMatchObject({ code: "invalid_input" });
  expect(String(thrown)).not.toContain("canary");
});

function caught(task: () => unknown): unknown {
  try {
    return task();
  } catch (error) {
    return error;
  }
}
