import type { Engine } from "@evertoken/engine/internal";
import { type Finding, ok, warn } from "./finding.ts";

export async function checkApiKeys(pool: Engine["pool"]): Promise<Finding> {
  const { rows } = await pool.query<{ id: string }>(
    "SELECT id FROM api_keys WHERE rights IS NULL AND revoked_at IS NULL ORDER BY id",
  );
  if (rows.length === 0) return ok("API keys", "all are sealed");
  return warn(
    "API keys",
    `refused, since their rows were written past Evertoken or by the version before: ${rows.map(({ id }) => id).join(", ")}`,
    "see what they are (evertoken keys list), and vouch for those that are yours: evertoken keys adopt <id>",
  );
}
