import { type ConnectRefusalCode, refusalText } from "@evertoken/engine/internal";
import type { ConnectPage } from "./connect-page.ts";

/** What became of it, told in texts of ours only: anybody can write an address. */
export function bannerOf(
  query: Readonly<Record<string, unknown>>,
  providerName: (id: string) => string | null,
): ConnectPage["banner"] {
  switch (query.status) {
    case "connected":
      return { kind: "ok", text: `${named(query.provider, providerName)} is connected.` };
    case "refused":
      return { kind: "bad", text: textOf(query.error) };
    case "revoked":
      return { kind: "off", text: "The account is disconnected, and the provider has ended the app's access." };
    case "disconnected":
      return { kind: "off", text: "The account is disconnected." };
    case "revoking":
      return {
        kind: "off",
        text: "The account is disconnected here. The provider did not answer yet and is asked again.",
      };
    case "disconnected_here":
      return {
        kind: "off",
        text: "The account is disconnected here. The provider did not confirm it: look at your security settings there.",
      };
    default:
      return null;
  }
}

function named(id: unknown, providerName: (id: string) => string | null): string {
  return (typeof id === "string" ? providerName(id) : null) ?? "The account";
}

function textOf(code: unknown): string {
  return typeof code === "string" && Object.hasOwn(refusalText, code)
    ? refusalText[code as ConnectRefusalCode]
    : "The account was not connected.";
}
