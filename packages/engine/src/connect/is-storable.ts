/** Postgres takes neither the character NUL nor half of a surrogate pair: text with either belongs to nobody here. */
export function isStorable(text: unknown): text is string {
  return typeof text === "string" && text.isWellFormed() && !text.includes("\0");
}
