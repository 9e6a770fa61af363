const mask = "***";

/**
 * Takes the given secrets out of a text, in any spelling that we send them in, in any case, and with anything between their letters and
 * digits: blanks, line breaks, dashes, invisible characters.
 */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  const hidden = secrets.filter((secret) => secret.length >= shortest).flatMap(spellings);
  const places = squeeze(text);
  const squeezed = places.map(({ letter }) => letter).join("");
  const ranges = [
    ...hidden
      .flatMap((secret) =>
        rangesOf(
          squeezed,
          squeeze(secret)
            .map(({ letter }) => letter)
            .join(""),
        ),
      )
      .map(([from, to]) => [places[from]?.at ?? 0, (places[to - 1]?.at ?? 0) + 1] as const),
    // One of signs alone leaves nothing to compare.
    ...hidden.flatMap((secret) => rangesOf(text, secret)),
  ];
  return cover(text, ranges);
}

/** A shorter one is a part of many words. */
const shortest = 4;

function spellings(secret: string): string[] {
  const form = new URLSearchParams({ s: secret }).toString().slice(2);
  return [...new Set([secret, encodeURIComponent(secret), form])];
}

/** Letters and digits only, with their places. */
const squeeze = (text: string) =>
  [...text.matchAll(/[\p{L}\p{N}]/gu)].map(({ 0: letter, index: at }) => ({
    letter: letter.toLowerCase()[0] ?? "",
    at,
  }));

function rangesOf(text: string, wanted: string): [from: number, to: number][] {
  const found: [number, number][] = [];
  if (wanted.length < shortest) return found;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) found.push([at, at + wanted.length]);
  return found;
}

function cover(text: string, ranges: readonly (readonly [from: number, to: number])[]): string {
  let [clean, end] = ["", 0];
  for (const [from, to] of ranges.toSorted((one, other) => one[0] - other[0])) {
    if (from >= end) clean += `${text.slice(end, from)}${mask}`;
    end = Math.max(end, to);
  }
  return clean + text.slice(end);
}
