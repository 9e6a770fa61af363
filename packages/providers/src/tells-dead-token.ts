/** What somebody may say of a refresh token that works no more. */
const dead = [
  "invalid",
  "expired",
  "revoked",
  "unknown",
  "inactive",
  "withdrawn",
  "blacklisted",
  "not (found|valid|recogni[sz]ed|active|known)",
  "no longer (valid|active|works)",
  "does ?n[o']t exist",
  "already (been )?(used|revoked|exchanged)",
].join("|");

const token = "refresh[ _-]?token";

/** "Invalid refresh_token", "the refresh token you sent has expired": close together, in one sentence. */
const telling = new RegExp(
  `\\b(${dead})\\b[ "'\`:]*(or \\w+ )?${token}\\b|\\b${token}\\b[^.;\\n]{0,40}?\\b(${dead})\\b`,
  "i",
);

/** A request that is wrong, in words that may be about a refresh token as well. */
const ours =
  /missing|parameter|required|requires|must|malformed|format|unsupported|duplicate|empty|blank|provide[sd]? (a|no)\b|not (provided|supplied|present|allowed|supported|enabled)|grant[ _-]?type|refresh[ _-]?token (grant|flow)|scope|client[ _-]?(id|secret|auth|cred)|unauthori[sz]ed client|content[ _-]?type|encod/i;

/**
 * Whether the text beside a general refusal says that this refresh token itself is invalid, expired, revoked or unknown. Strict: a text
 * that may as well be about what we sent with it, or how, is no death.
 */
export function tellsDeadToken(text: string): boolean {
  return telling.test(text) && !ours.test(text);
}
