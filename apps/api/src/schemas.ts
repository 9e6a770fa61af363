import { mostTags, tagForm, tagPattern } from "@evertoken/core";
import { z } from "zod";

/** Postgres takes neither the character NUL nor half of a surrogate pair. */
const storable = (value: string) => value.isWellFormed() && !value.includes("\0");

export const text = (max = 512) => z.string().min(1).max(max).refine(storable, "has characters that cannot be stored");

export const providerId = text(64).describe("Id of a provider, such as hubspot; GET /v1/providers lists them");
export const userId = text().describe("Your own id of the user");
export const tag = z.string().regex(tagPattern, tagForm);
export const tags = z.array(tag).max(mostTags);
export const uuid = z.guid();
export const time = z.iso.datetime({ offset: true });
/** As answers state it. */
export const timeOut = z.string().meta({ format: "date-time" });

export const byId = z.object({ id: uuid });

export const digits = z.string().regex(/^\d{1,18}$/, "is not a cursor of an answer");

/** Where a page begins: what the answer before gave as `next_cursor`. */
export const page = {
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: digits.optional(),
};

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ data: z.array(item), next_cursor: z.string().nullable() });

/** The page, and where the next one begins when this one is full. */
export function toPage<T extends { readonly id: string }>(data: T[], limit: number) {
  return { data, next_cursor: data.length === limit ? (data.at(-1)?.id ?? null) : null };
}

export const warning = z.object({ code: z.string(), message: z.string() }).meta({ id: "Warning" });
