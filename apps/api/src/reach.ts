import { type Engine, EvertokenError, withStore } from "@evertoken/engine/internal";
import { isNarrow, type KeyRights } from "@evertoken/operations";
import { Problem } from "./problem.ts";

/** Whose data a request is about. */
export type Subject =
  | { readonly connectionId: string }
  /** `providers` left out: those of the user at all of them. */
  | { readonly userId: string; readonly providers: readonly string[] | undefined }
  /** The handler asks for what is within the key's reach, and for nothing else. */
  | "narrowed"
  /** Nobody's in particular, or named by a secret that is given along. */
  | "nobody";

/**
 * Refuses a key that is limited to providers or users what is not theirs. A connection out of reach is one that is not there, so that nobody
 * finds out which there are. A route that does not say whom it is about is about everybody.
 *
 * @throws {Problem} `insufficient_key_scope`
 * @throws {EvertokenError} `connection_not_found`
 */
export async function refuseOutOfReach(
  pool: Engine["pool"],
  rights: KeyRights,
  subject: Subject | undefined,
): Promise<void> {
  if (!isNarrow(rights) || subject === "narrowed" || subject === "nobody") return;
  if (subject === undefined) throw refused("this is for keys that are not limited to providers or users");
  if ("connectionId" in subject) return refuseConnection(pool, rights, subject.connectionId);
  if (!reachesUser(rights, subject.userId)) throw refused("it is limited to other users");
  const { providers } = subject;
  if (rights.providers !== null && providers === undefined) throw refused("it is limited to some providers: name them");
  if (!(providers ?? []).every((provider) => reachesProvider(rights, provider))) {
    throw refused("it is limited to other providers");
  }
}

async function refuseConnection(pool: Engine["pool"], rights: KeyRights, id: string): Promise<void> {
  const { rows } = await withStore(() =>
    pool.query<{ user_id: string; provider: string }>("SELECT user_id, provider FROM connections WHERE id = $1", [id]),
  );
  const [row] = rows;
  if (row !== undefined && reachesUser(rights, row.user_id) && reachesProvider(rights, row.provider)) return;
  throw new EvertokenError("connection_not_found", `there is no connection ${id}`);
}

export const reachesProvider = ({ providers }: KeyRights, provider: string) =>
  providers === null || providers.includes(provider);

export const reachesUser = ({ users }: KeyRights, userId: string) =>
  users === null || users.some((beginning) => userId.startsWith(beginning));

const refused = (detail: string) => new Problem("insufficient_key_scope", { detail });
