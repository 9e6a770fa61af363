import type { ShownConnection } from "./shown-connections.ts";
import { said } from "./speech.ts";
import type { Words } from "./words/words.ts";

interface Standing {
  readonly kind: "ok" | "warn" | "bad" | "off";
  readonly label: string;
  readonly text: string | null;
  readonly reconnect: "first" | "second" | "no";
}

/** How a connection does, in words for its user. */
export function standingOf({ status, missingScopes, endsAt }: ShownConnection, words: Words): Standing {
  switch (status) {
    case "connected":
      if (missingScopes.length === 0 && endsAt !== null) {
        return {
          kind: "warn",
          label: words.endsSoon,
          text: said(words.endsOn, { day: dayOf(endsAt) }),
          reconnect: "first",
        };
      }
      if (missingScopes.length === 0) return { kind: "ok", label: words.connected, text: null, reconnect: "no" };
      return {
        ...{ kind: "warn", label: words.permissionsMissing, reconnect: "first" },
        text: said(words.notGranted, { scopes: missingScopes.join(", ") }),
      };
    case "token_expired":
      return {
        kind: "warn",
        label: words.interrupted,
        text: words.keepTrying,
        reconnect: "second",
      };
    case "needs_reauth":
      return {
        kind: "bad",
        label: words.reconnectNeeded,
        text: words.accessEnded,
        reconnect: "first",
      };
    case "error":
      return {
        kind: "bad",
        label: words.problem,
        text: words.mendedByApp,
        reconnect: "second",
      };
    default:
      return { kind: "off", label: words.disconnected, text: null, reconnect: "second" };
  }
}

const dayOf = (date: Date) => date.toISOString().slice(0, 10);
