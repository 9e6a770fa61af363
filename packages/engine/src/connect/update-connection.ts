import { changeTags } from "@evertoken/adapters";
import type { ConnectionChange, ConnectionView } from "@evertoken/client";
import { mostTags } from "@evertoken/core";
import { z } from "zod";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";
import { isUuid } from "../is-uuid.ts";
import { notFound } from "../token/fresh-token.ts";
import { getConnection } from "./connections.ts";
import { tagsInput } from "./tags-input.ts";

const changeSchema = z.strictObject({
  tags: tagsInput.optional(),
  addTags: tagsInput.optional(),
  removeTags: tagsInput.optional(),
} satisfies Record<keyof ConnectionChange, z.ZodType>) satisfies z.ZodType<unknown, ConnectionChange>;

/** Changes what is no token's business. @throws {EvertokenError} `invalid_input` that names each wrong field, `connection_not_found` */
export async function updateConnection(engine: Engine, id: string, change: ConnectionChange): Promise<ConnectionView> {
  const parsed = changeSchema.safeParse(change);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "input"}: ${issue.message}`);
    throw new EvertokenError("invalid_input", faults.join("; "));
  }
  if (!isUuid(id)) throw notFound(id);
  const { tags = null, addTags: add = [], removeTags: remove = [] } = parsed.data;
  const [changed] = await withStore(() => changeTags(engine.pool, [id], { tags, add, remove }));
  if (changed === undefined) throw notFound(id);
  if (changed.full) throw new EvertokenError("invalid_input", `addTags: ${tooManyTags(changed.tags.length)}`);
  return getConnection(engine, id);
}

export const tooManyTags = (count: number) => `it would have ${count} tags, and may have ${mostTags}`;
