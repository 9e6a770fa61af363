/**
 * Rows as RFC 4180 has them. A cell that a spreadsheet would take for a formula is made text by an apostrophe in front
 * (https://owasp.org/www-community/attacks/CSV_Injection): what stands in it may come from outside.
 */
export function csv(head: readonly string[], rows: readonly (readonly unknown[])[]): string[] {
  return [head, ...rows].map((row) => row.map(cell).join(","));
}

function cell(value: unknown): string {
  const text = value instanceof Date ? value.toISOString() : String(value ?? "");
  const harmless = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
