const unseen = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\u200b\u2060\ufeff]+/gu;

/**
 * What others say (providers, and users in the names that they choose) on one line, for where nothing is read as more than text, as in the
 * body of a mail. The other functions here, one for each channel, take care of what else that channel would make of it.
 */
export function forPlainText(text: string): string {
  return text.replace(unseen, " ");
}

/** A header ends with its line: nothing that it holds begins another one (RFC 5322 section 2.2). */
export function forMailHeader(text: string): string {
  return forPlainText(text).trim();
}

/** Unseen, and no part of a word or a link. */
const joiner = "\u2060";

/**
 * https://docs.slack.dev/messaging/formatting-message-text: links and mentions are made of `<`, `>` and `&`, which have an escape. Slack has none
 * for what it makes bold or a link by itself: a sign at a word's edge, an address. What is inside a word stays, so that the names of fields
 * can be copied.
 */
export function forSlack(text: string): string {
  return forPlainText(text)
    .replace(/(?<![\p{L}\p{N}])[*_~`]|[*_~`](?![\p{L}\p{N}])|[@#]|:(?=\/\/)/gu, `$&${joiner}`)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

/** https://support.discord.com/hc/en-us/articles/210298617: a backslash takes each sign's meaning; of a mention and of a bare link nothing is left. */
export function forDiscord(text: string): string {
  return forPlainText(text)
    .replace(/[\\*_~`|>#<[\]()+.-]/g, "\\$&")
    .replace(/@|:(?=\/\/)/g, `$&${joiner}`);
}
