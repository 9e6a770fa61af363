import { pastedWarnings, readPasted } from "@evertoken/core";
import { z } from "zod";
import { EvertokenError } from "../evertoken-error.ts";
import { isStorable } from "./is-storable.ts";

/** A secret of ours that somebody typed or pasted: a client id, a client secret. */
export const pastedSecret = z
  .string()
  .min(1)
  .max(4096)
  .refine(isStorable, "has characters that cannot be stored")
  .transform((text, context) => {
    const read = readPasted(text);
    if ("value" in read) return read.value;
    context.addIssue({ code: "custom", message: read.fault });
    return z.NEVER;
  });

/** What was taken off such fields, for the log. */
export function takenOff(fields: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(fields).flatMap(([name, text]) => {
    const read = typeof text === "string" ? readPasted(text) : { fault: "" };
    return "value" in read ? pastedWarnings(name, read) : [];
  });
}

/** A token that somebody brings. @throws {EvertokenError} that names the field */
export function pastedToken(
  field: string,
  text: string,
): { readonly value: string; readonly warnings: readonly string[] } {
  const read = readPasted(text);
  if ("fault" in read) throw new EvertokenError("invalid_input", `${field}: ${read.fault}`);
  return { value: read.value, warnings: pastedWarnings(field, read) };
}
