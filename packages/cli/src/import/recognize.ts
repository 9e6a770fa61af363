import { EvertokenError } from "@evertoken/engine";
import { importSources } from "../import-sources/index.ts";
import type { ImportSource, Raw } from "../import-sources/source.ts";
import { isObject } from "./look-up.ts";
import { isMarked, type Mapping } from "./map-row.ts";
import { inWords, type Row } from "./row.ts";

/** So many rows are looked at before the first is stored. */
export const sampleSize = 50;

/** A file that is not what it is said to be is refused as a whole. @throws {EvertokenError} */
export function requireSource(sample: readonly Row[], mapping: Mapping | null): void {
  if (sample.length === 0) {
    throw refused(
      `there is nothing to import${mapping === null ? "" : `: this holds no row of ${mapping.source.name}`}`,
    );
  }
  const objects = sample.map(({ value }) => value).filter(isObject);
  if (mapping === null) {
    if (objects.length > 0 && !objects.some(isOurs)) {
      const guess = guessOf(objects, null);
      if (guess !== null)
        throw refused(`this looks like an export of ${guess.name}: use --from ${guess.id}. Nothing was stored`);
    }
    return;
  }
  const { source } = mapping;
  if (objects.some((row) => source.marks.every((mark) => isMarked(row, mark, mapping)))) return;
  if (objects.length === 0)
    throw refused(`this is no export of ${source.name}: ${whyNone(sample)}. Nothing was stored`);
  const guess = guessOf(objects, source);
  const hint = guess === null ? needs(mapping, objects) : `it looks like one of ${guess.name}: use --from ${guess.id}`;
  throw refused(`this is no export of ${source.name}: ${hint}. Nothing was stored`);
}

const isOurs = ({ userId, provider, accessToken, refreshToken }: Raw) =>
  userId !== undefined && provider !== undefined && (accessToken !== undefined || refreshToken !== undefined);

function guessOf(objects: readonly object[], but: ImportSource | null): ImportSource | null {
  const fits = (source: ImportSource) =>
    objects.some((row) =>
      source.marks.every((mark) => isMarked(row as Record<string, unknown>, mark, { source, extra: new Map() })),
    );
  const found = importSources.filter((source) => source !== but && source.id !== "csv" && fits(source));
  // The one that asks for the most is the surest.
  return found.sort((a, b) => b.marks.length - a.marks.length)[0] ?? null;
}

function whyNone([first]: readonly Row[]): string {
  return first?.fault === undefined ? "it has no rows" : `${inWords(first)}: ${first.fault}`;
}

/** What no row has; where each is somewhere, all that one row must have. */
function needs(mapping: Mapping, objects: readonly Raw[]): string {
  const { marks } = mapping.source;
  const missing = marks.filter((mark) => !objects.some((row) => isMarked(row, mark, mapping)));
  const named = (missing.length === 0 ? marks : missing).map((mark) =>
    mark.replaceAll("@", "").replaceAll("|", " or "),
  );
  return `its rows have no ${named.join(", ")}`;
}

const refused = (message: string) => new EvertokenError("invalid_input", message);
