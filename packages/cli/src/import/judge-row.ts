import { didYouMean } from "@evertoken/adapters";
import { EvertokenError } from "@evertoken/engine";
import { concernsAll, type Engine, withStore } from "@evertoken/engine/internal";
import { badRow, type Done } from "./import-row.ts";
import { isObject } from "./look-up.ts";
import { type MappedRow, type Mapping, mapRow, metadataOf, scopesOf } from "./map-row.ts";
import { providersOf } from "./provider-of.ts";
import { createRegistrationOf } from "./registration-of.ts";
import type { Place, Row } from "./row.ts";
import type { Judged } from "./tally.ts";

/** A row in our words, or what became of it already. */
export type ReadyRow = Omit<Judged, "done"> & {
  readonly place: Place;
  readonly value: unknown;
  readonly done: Done | null;
};

export interface Translation {
  /** null: the rows are in our words. */
  readonly mapping: Mapping | null;
  /** Our providers by their names, of the operator. */
  readonly providers: ReadonlyMap<string, string>;
  readonly registration: string | null;
}

const nothingElse = { value: undefined, provider: null, withoutRefreshToken: false, endUnknown: false };

/** @returns how a row of the file becomes one of ours. It throws when Postgres is away */
export function createTranslator(engine: Engine, { mapping, providers, registration }: Translation) {
  const registrationOf = createRegistrationOf(engine, registration);
  const known = new Map<string, Promise<boolean>>();
  return async ({ value, fault, ...place }: Row): Promise<ReadyRow> => {
    const ended = (done: Done): ReadyRow => ({ place, done, ...nothingElse });
    if (value === undefined) return ended(badRow(place, "invalid_input", fault ?? "this cannot be read"));
    if (mapping === null) return own(place, value);
    const mapped = mapRow(value, mapping);
    if (mapped.kind === "fault") return ended(badRow(place, "invalid_input", mapped.message));
    if (mapped.kind === "passed") return ended({ kind: "skipped", row: { ...place, id: null, why: "no_grant" } });
    try {
      return await translated(place, mapped, mapping);
    } catch (error) {
      if (error instanceof EvertokenError && !concernsAll(error))
        return ended(badRow(place, error.code, error.message));
      throw error;
    }
  };

  async function translated(place: Place, mapped: MappedRow, { source }: Mapping): Promise<ReadyRow> {
    const { theirProvider, input, endUnknown, clientId } = mapped;
    const withoutRefreshToken = input.refreshToken === null;
    const grant = { scopes: scopesOf(input.scopes), refreshes: !withoutRefreshToken };
    const candidates = providersOf(theirProvider, source, grant, providers);
    const provider = await firstKnown(candidates);
    if (provider === null) throw unknownProvider(theirProvider, candidates);
    const found = await registrationOf(provider, clientId);
    const metadata = metadataOf(mapped, provider, mapping as Mapping);
    const value = { ...input, provider, metadata, ...(found === null ? {} : { registration: found }) };
    return { place, value, done: null, provider, withoutRefreshToken, endUnknown };
  }

  async function firstKnown(candidates: readonly string[]): Promise<string | null> {
    for (const id of candidates) {
      const asked = known.get(id) ?? withStore(async () => (await engine.providers.known(id)) !== undefined);
      if (known.size < 10_000) known.set(id, asked);
      if (await asked) return id;
    }
    return null;
  }

  function unknownProvider(theirs: string, candidates: readonly string[]): EvertokenError {
    const say = theirs === "" ? "--provider <ours>" : `--provider ${shown(theirs)}=<ours>`;
    if (candidates.every((name) => name === theirs) && (theirs === "" || theirs.startsWith("google"))) {
      return new EvertokenError(
        "unknown_provider",
        `which provider of ours this is, it does not tell: say it with ${say}`,
      );
    }
    const ids = engine.providers.all().map(({ provider }) => provider.id);
    const hint = didYouMean(theirs, ids);
    return new EvertokenError(
      "unknown_provider",
      `there is no provider "${shown(theirs)}"${hint}${hint === "" ? ":" : ""} say which it is with ${say}`,
    );
  }
}

/** A provider's name is short; what is not may be a value from another column. */
const shown = (name: string) => (/^[\w .+-]{1,40}$/.test(name) ? name : "…");

function own(place: Place, value: unknown): ReadyRow {
  const { provider, refreshToken, expiresAt, expiresIn } = isObject(value) ? value : {};
  return {
    ...{ place, value, done: null, provider: typeof provider === "string" ? provider.trim() : null },
    withoutRefreshToken: refreshToken === undefined || refreshToken === null,
    endUnknown: (expiresAt ?? expiresIn ?? null) === null,
  };
}
