/** A secret as it was meant, and what was taken off it, in words. */
export interface Pasted {
  readonly value: string;
  readonly removed: readonly string[];
}

const space = "[\\s\\u200b\\u2060\\ufeff]+";
const surrounding = new RegExp(`^${space}|${space}$`, "g");
const quotes = new Set(['""', "''", "``", "“”", "„“", "„”", "‘’"]);

/** What a copy may take along at either end; none of it is part of a token (RFC 6749 appendix A, RFC 6750 section 2.1). */
const removals: readonly (readonly [what: string, remove: (text: string) => string])[] = [
  ["white space", (text) => text.replace(surrounding, "")],
  ["quotes", (text) => (quotes.has(`${text.at(0)}${text.slice(1).at(-1)}`) ? text.slice(1, -1) : text)],
  ['"Bearer"', (text) => text.replace(/^(?:authorization:\s*)?bearer\s+(?=\S)/i, "")],
  ['"token"', (text) => text.replace(/^(?:authorization:\s*)?token:?\s+(?=\S)/i, "")],
];

/** No header and no form field carries these, so no secret has one within. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const unprintable = /[\u0000-\u001f\u007f]/;

/**
 * The one way in for secrets and tokens that people paste: out of a header, a quoted line, a file with a line break at its end. Never quotes
 * what it was given.
 */
export function readPasted(text: string): Pasted | { readonly fault: string } {
  const removed = new Set<string>();
  let value = text;
  for (let before: string | null = null; before !== value; ) {
    before = value;
    for (const [what, remove] of removals) {
      const rest = remove(value);
      if (rest !== value) removed.add(what);
      value = rest;
    }
  }
  if (value === "") return { fault: "is empty" };
  // Written as UTF-8 it would silently become another token.
  if (!value.isWellFormed()) return { fault: "has half of a surrogate pair within: copy it anew" };
  if (unprintable.test(value)) return { fault: "has a line break or another control character within: copy it anew" };
  return { value, removed: [...removed] };
}

/** What was taken off, as a line for the one who pasted it: by the name of the setting or field, never by its value. */
export function pastedWarnings(name: string, { removed }: Pick<Pasted, "removed">): string[] {
  return removed.length === 0 ? [] : [`${name}: ${removed.join(" and ")} around it taken off`];
}
