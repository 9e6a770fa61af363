import { hasAmbiguousPath } from "@evertoken/core";

const longest = 2048;

/**
 * The address in its canonical form if users may be sent there, else null. Of the two forms, the one that was checked is the one to use.
 *
 * @param allowed origins, or origins with the beginning of a path (whole segments), in canonical form and without a slash at the end
 */
export function allowedUrl(address: string, allowed: readonly string[]): string | null {
  // Browsers drop tabs and line breaks and take a backslash for a slash: who writes so wants to be read in two ways.
  if (address.length > longest || !/^https?:\/\/[^/]/i.test(address) || /[\s\\\p{C}]/u.test(address)) return null;
  if (hasAmbiguousPath(address)) return null;
  const url = URL.parse(address);
  if (url === null || url.username !== "" || url.password !== "") return null;
  const fits = allowed.some((entry) => {
    const { origin, pathname } = new URL(entry);
    const prefix = pathname.replace(/\/$/, "");
    return url.origin === origin && (url.pathname === prefix || url.pathname.startsWith(`${prefix}/`));
  });
  return fits ? url.href : null;
}

/** The return URL with what became of the wish to connect; its own query stays. */
export function withOutcome(returnUrl: string, outcome: Readonly<Record<string, string>>): string {
  const url = new URL(returnUrl);
  for (const [name, value] of Object.entries(outcome)) url.searchParams.set(name, value);
  return url.href;
}
