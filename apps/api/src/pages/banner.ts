import type { ConnectPage } from "./connect-page.ts";
import { said } from "./speech.ts";
import type { Words } from "./words/words.ts";

/** What became of it, told in texts of ours only: anybody can write an address. */
export function bannerOf(
  query: Readonly<Record<string, unknown>>,
  words: Words,
  providerName: (id: string) => string | null,
): ConnectPage["banner"] {
  switch (query.status) {
    case "connected": {
      const name = typeof query.provider === "string" ? providerName(query.provider) : null;
      return { kind: "ok", text: said(words.isConnected, { name: name ?? words.theAccount }) };
    }
    case "refused":
      return { kind: "bad", text: refusedIn(words, query.error) };
    case "revoked":
      return { kind: "off", text: words.bannerRevoked };
    case "disconnected":
      return { kind: "off", text: words.bannerDisconnected };
    case "revoking":
      return { kind: "off", text: words.bannerRevoking };
    case "disconnected_here":
      return { kind: "off", text: words.bannerDisconnectedHere };
    default:
      return null;
  }
}

export function refusedIn({ refused, notConnected }: Words, code: unknown): string {
  return typeof code === "string" && Object.hasOwn(refused, code)
    ? refused[code as keyof typeof refused]
    : notConnected;
}
