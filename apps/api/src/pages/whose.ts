import type { ConnectVisitor } from "@evertoken/engine/internal";

/** Whose accounts a page shows, in the words of the app; its own id for the user only where it said nothing else. */
export function whoseOf({ userName = null, userEmail, userId }: ConnectVisitor): string {
  if (userName !== null) return userEmail === null ? userName : `${userName} (${userEmail})`;
  return userEmail ?? userId;
}
