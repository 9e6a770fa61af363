import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";

interface TagOptions {
  readonly remove?: readonly string[];
  readonly only?: boolean;
}

export async function tag(io: Io, id: string, add: readonly string[], options: TagOptions): Promise<undefined> {
  const { remove = [], only = false } = options;
  if (add.length + remove.length === 0 && !only)
    throw new UsageError("name the tags to add, --remove some, or take all away with --only");
  await withEngine(io, async ({ evertoken }) => {
    const change = only ? { tags: [...add] } : { addTags: [...add], removeTags: [...remove] };
    const { id: connectionId, tags } = await evertoken.connections.update(id, change);
    io.result({ connectionId, tags }, () => [
      tags.length === 0 ? `${connectionId} has no tags` : `${connectionId}: ${tags.join(" ")}`,
    ]);
  });
}
