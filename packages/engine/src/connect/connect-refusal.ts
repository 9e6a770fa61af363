import type { ConnectRefusalCode } from "@evertoken/client";

/** In words for the user. Texts of ours only: what the provider or the address bar says is not shown. */
export const refusalText: Readonly<Record<ConnectRefusalCode, string>> = {
  consent_refused: "Access was not granted. Nothing was connected.",
  state_invalid: "This connection attempt is not known. Please start again.",
  state_used: "This connection attempt was finished already. Please start again if the account is missing.",
  state_expired: "This connection attempt took too long. Please start again.",
  other_browser: "This connection attempt was begun in another browser. Please start again in this one.",
  redirect_uri_mismatch: "The answer came back to another address than it was asked for. Please start again.",
  issuer_mismatch: "The answer came from another server than the one that was asked. Nothing was connected.",
  code_missing: "The provider's answer was incomplete. Please start again.",
  code_invalid: "The provider did not accept the answer, perhaps because it came too late. Please start again.",
  authorization_failed: "The provider could not grant access. Please start again.",
  invalid_client: "The app is not set up correctly at the provider. Please tell whoever runs it.",
  rate_limited: "The provider asked us to wait. Please try again in a few minutes.",
  provider_unavailable: "The provider does not answer at the moment. Please try again later.",
  unknown_answer: "The provider gave an answer that is not understood. Nothing was connected.",
  identity_unavailable: "The provider does not tell which account this is. Nothing was connected.",
  another_account: "That is another account than the one to be reconnected. Please sign in with the same account.",
  grant_in_use: "This account is connected already, for another user or under another name. Nothing was changed.",
  confirmation_unknown: "This connection attempt is not known. Please start again.",
  confirmation_expired: "This connection attempt was not confirmed in time. Please start again.",
  confirmed_for_another: "This connection attempt was begun by another user. Nothing was connected.",
};

/** Of an address, which anybody may have written. */
export const refusalCodeOf = (text: string): ConnectRefusalCode =>
  Object.hasOwn(refusalText, text) ? (text as ConnectRefusalCode) : "authorization_failed";

/** Ends a connect flow; caught at its top, so that each step can simply say why it cannot go on. */
export class ConnectRefused extends Error {
  readonly code: ConnectRefusalCode;
  /** Sanitized, for the log. */
  readonly reason: string | null;
  constructor(code: ConnectRefusalCode, reason: string | null = null) {
    super(refusalText[code]);
    this.name = "ConnectRefused";
    this.code = code;
    this.reason = reason;
  }
}
