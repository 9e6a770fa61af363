import { createKeyring } from "@evertoken/adapters";
import type { Sealed, TokenOwner } from "@evertoken/core";
import { insertConnections } from "../chaos/insert-connections.ts";
import type { Rig } from "../support/rig.ts";
import type { IssuedTokenSet } from "../support/token-server.ts";

/** One grant of a connection: a family of tokens at the server. */
export interface Grant {
  readonly family: string;
  readonly fromMs: number;
  /** When the user took it back, or a newer one took its place. */
  endedAtMs: number | null;
}

export interface Member {
  readonly id: string;
  readonly userId: string;
  readonly account: string;
  /** The last one is the one that counts. */
  readonly grants: Grant[];
}

/** The connections of the run and the grants that each of them had, one after the other. */
export class Population {
  readonly members: Member[] = [];
  readonly #rig: Rig;

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  /** So many accounts that were connected at some time within their tokens' life, so that they fall due one after the other. */
  async settle(count: number, lifeMs: number): Promise<void> {
    const now = Date.now();
    const inserted = await insertConnections(
      this.#rig,
      count,
      (index) => new Date(now + 3000 + (index / count) * (lifeMs / 2)),
    );
    for (const { id, issued } of inserted) {
      const account = issued.accountId;
      this.members.push({ id, userId: `user-${account}`, account, grants: [begun(issued)] });
    }
  }

  async issue(): Promise<IssuedTokenSet> {
    const [issued] = await this.#rig.server.issue();
    if (issued === undefined) throw new Error("the server issued nothing");
    return issued;
  }

  /** The user connected this account, again or for the first time. */
  connected(id: string, userId: string, account: string, issued: IssuedTokenSet): void {
    const known = this.members.find((member) => member.id === id);
    if (known === undefined) this.members.push({ id, userId, account, grants: [begun(issued)] });
    else {
      this.left(known);
      known.grants.push(begun(issued));
    }
  }

  left(member: Member): void {
    const last = member.grants.at(-1);
    if (last !== undefined) last.endedAtMs ??= Date.now();
  }

  /** What the server says of the refresh token that is stored. null: none is stored. */
  async states(rows: readonly (TokenOwner & { refresh_token: unknown })[]) {
    const keyring = createKeyring([this.#rig.env.ENCRYPTION_KEY as string]);
    const tokens = rows.map((row) =>
      row.refresh_token === null ? "" : keyring.open(row.refresh_token as Sealed, row, "refresh_token"),
    );
    const states = await this.#rig.server.inspect(tokens);
    return new Map(rows.map(({ id }, index) => [id, states[index]]));
  }
}

const begun = ({ family }: IssuedTokenSet): Grant => ({ family, fromMs: Date.now(), endedAtMs: null });
