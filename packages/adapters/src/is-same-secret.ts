import { timingSafeEqual } from "node:crypto";

/** Whether what was presented is what is expected, in a time that tells nothing but whether their lengths differ. */
export function isSameSecret(expected: string, presented: unknown): boolean {
  const [own, other] = [Buffer.from(expected), Buffer.from(typeof presented === "string" ? presented : "")];
  return own.length === other.length && timingSafeEqual(own, other);
}
