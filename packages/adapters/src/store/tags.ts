import { mostTags } from "@evertoken/core";
import type { Pool } from "pg";

/** Applied in this order: what it has from now on, what is added, what goes. */
export interface TagChange {
  /** null: what it has. */
  readonly tags: readonly string[] | null;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export interface ChangedTags {
  readonly id: string;
  /** As they would be, where there are too many. */
  readonly tags: readonly string[];
  /** It would have more than {@link mostTags}, and stays as it is. */
  readonly full: boolean;
}

/**
 * Changes the tags of connections, beside whatever refreshes them: no column that a refresh writes is written, nor one that an index names. Rows
 * are locked in the order of their ids, so that two changes wait for each other and neither for itself.
 *
 * @returns those that are there
 */
export async function changeTags(pool: Pool, ids: readonly string[], change: TagChange): Promise<ChangedTags[]> {
  const { rows } = await pool.query<ChangedTags>({
    name: "tags-change",
    text: `WITH locked AS (SELECT id, tags FROM connections WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE),
      wanted AS (SELECT id, ${sortedSql("SELECT tag FROM unnest(coalesce($2::text[], tags) || $3::text[]) AS tag WHERE tag <> ALL($4::text[])")} AS tags FROM locked),
      changed AS (UPDATE connections c SET tags = w.tags FROM wanted w WHERE c.id = w.id AND cardinality(w.tags) <= ${mostTags} AND c.tags <> w.tags)
      SELECT id, tags, cardinality(tags) > ${mostTags} AS full FROM wanted`,
    values: [ids, change.tags, change.add, change.remove],
  });
  return rows;
}

/** Of tags in SQL, sorted and each once. */
const sortedSql = (tags: string) => `ARRAY(SELECT DISTINCT tag COLLATE "C" FROM (${tags}) AS t(tag) ORDER BY 1)`;

/** Added to those of a known account, as long as there is room: a grant is never refused for its tags. */
export const mergedTagsSql = (known: string, added: string) =>
  sortedSql(
    `SELECT unnest((${known} || ${sortedSql(`SELECT unnest(${added}) EXCEPT SELECT unnest(${known})`)})[1:${mostTags}])`,
  );

/** The first tags of all, in order: one step through the index for each, however many connections have it. */
export async function knownTags(pool: Pool, most: number): Promise<string[]> {
  const { rows } = await pool.query<{ tag: string }>({
    name: "tags-known",
    text: `WITH RECURSIVE known AS (
        (SELECT tag FROM connection_tags ORDER BY tag LIMIT 1)
        UNION ALL
        SELECT (SELECT t.tag FROM connection_tags t WHERE t.tag > known.tag ORDER BY t.tag LIMIT 1) FROM known WHERE known.tag IS NOT NULL)
      SELECT tag FROM known WHERE tag IS NOT NULL LIMIT $1`,
    values: [most],
  });
  return rows.map(({ tag }) => tag);
}
