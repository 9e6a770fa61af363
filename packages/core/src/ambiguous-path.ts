/** A slash, a dot, a semicolon, a backslash or a control character in disguise; a `;`; a segment `.` or `..`. */
const ambiguous = /[;\\]|%(2f|2e|3b|5c|25|[01][0-9a-f]|7f)|\/\.\.?(?=\/|$)/i;

/** Whether servers may read the path of an address in several ways: as written here, and as another one there. */
export function hasAmbiguousPath(address: string): boolean {
  return ambiguous.test(address.split(/[?#]/, 1)[0] ?? "");
}
