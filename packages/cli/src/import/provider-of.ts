import { providerNames } from "../import-sources/shared/provider-names.ts";
import type { ImportSource, NamedGrant } from "../import-sources/source.ts";

/**
 * What our provider may be called, from what is certain to what is a guess: as the operator says, as the source's file says, as it is called
 * here, as other systems call it.
 *
 * @param theirs empty: the source does not tell
 * @param said of the operator, by their name; under `*` for whatever has no line of its own
 */
export function providersOf(
  theirs: string,
  source: ImportSource,
  grant: NamedGrant,
  said: ReadonlyMap<string, string>,
): readonly string[] {
  const given = said.get(theirs) ?? said.get("*");
  if (given !== undefined) return [given];
  const lower = theirs.toLowerCase();
  const names = [source.providers?.[theirs], theirs, lower, providerNames[lower], lower.replaceAll("_", "-")];
  const ours = names.flatMap((name) => (typeof name === "function" ? [name(grant)] : [name]));
  return [...new Set(ours.filter((name) => typeof name === "string" && name !== ""))] as string[];
}
