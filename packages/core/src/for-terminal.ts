/** Control characters, and those that turn the order of what stands on a line, or end the line. */
const acting = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/**
 * One line as a terminal may show it: what would move its cursor, hide or turn round what stands beside it is written as `\u001b`. Inside
 * JSON that is the same text.
 */
export function forTerminal(line: string): string {
  return line.replace(acting, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
