import type { CircuitCode, ErrorCode } from "./connection.ts";

/** What an open circuit means, and what an operator can do about it. */
export function circuitAdvice(code: CircuitCode | null): { readonly title: string; readonly todo: string } {
  if (code === "unknown_answer") {
    return {
      title: "answers many connections in a way that nobody has described",
      todo:
        "Look at its status page, and at what stands between it and you. If it answers so from now on, describe the answer in its file " +
        "(`evertoken providers check` judges one). One connection is tried every few minutes, and all go on when it works.",
    };
  }
  if (code === "mass_denial") {
    return {
      title: "denies more grants at once than can be believed",
      todo:
        "Nobody is asked to reconnect yet. Look at its status page, and whether our app was removed or its users' grants revoked there. One " +
        "connection is tried every few minutes; whoever is denied again after others work, or after hours, is asked to reconnect.",
    };
  }
  return {
    title: "refuses our client registration",
    todo: "Put client id and secret right and restart the workers. A probe every few minutes sees it, too, when the provider mends it.",
  };
}

/** What an operator can do about connections that fail with this code; null: nothing but wait. */
export function failureAdvice(code: ErrorCode | null): string | null {
  switch (code) {
    case "unknown_answer":
      return (
        "Asked once an hour. Look the answer up in the provider's documentation and describe it in its file " +
        "(`evertoken log` shows it, `evertoken providers check` judges one)."
      );
    case "unreadable_token":
      return "The stored text does not open: has the encryption key been changed, or a backup been mixed?";
    case "missing_metadata":
      return "Its metadata makes no endpoint, so nobody was asked: import it again with the field that the message names.";
    case "grant_in_use":
      return "Another connection holds the same refresh token, which only one may spend: it has to be reconnected with a grant of its own.";
    case "older_than_its_job":
      return "Its row is older than its job in Redis: its user reconnects, or `evertoken release <id>` says that the row is true.";
    case "invalid_client":
      return "Only this connection is refused as of another client: it has to be reconnected, or its own client be set.";
    default:
      return null;
  }
}
