export type Env = Readonly<Record<string, string | undefined>>;
/** Reads a text file, or throws. */
export type ReadFile = (path: string) => string;

/** `google-calendar` reads GOOGLE_CALENDAR_CLIENT_ID. */
export function prefixOf(id: string): string {
  return id.toUpperCase().replaceAll("-", "_");
}
