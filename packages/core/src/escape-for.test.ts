import fc from "fast-check";
import { expect, test } from "vitest";
import { forDiscord, forMailHeader, forPlainText, forSlack } from "./escape-for.ts";

const signs = [
  "\r\n",
  "\u202e",
  "\u2028",
  "\u2060",
  "\\",
  "@everyone",
  "<!channel>",
  "[a](https://b.example)",
  "https://",
  "&amp;",
];
const said = fc
  .array(
    fc.oneof(fc.constantFrom(...signs, ..."*_~`|<>[]()#&@.:/-+ab1"), fc.string({ unit: "grapheme", maxLength: 2 })),
  )
  .map((parts) => parts.join(""));

const holds = (rule: (text: string) => void) =>
  fc.assert(
    fc.property(said, (text) => void rule(text)),
    { numRuns: 1000 },
  );

test.each([forPlainText, forMailHeader, forSlack, forDiscord])(
  "%o gives one line, in the order in which it is read",
  (channel) => {
    holds((text) => expect(channel(text)).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u));
  },
);

test("Slack finds no link, no mention and no entity in it", () => {
  holds((text) => {
    const escaped = forSlack(text);
    expect(escaped).not.toMatch(/[<>]|&(?!(amp|lt|gt);)|:\/\/|[@#](?!\u2060)/);
  });
});

test("Slack shows what was said", () => {
  const shown = (text: string) =>
    text.replaceAll("\u2060", "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  holds((text) => expect(shown(forSlack(text))).toBe(forPlainText(text)));
});

test("Discord finds no markup, no mention and no link in it", () => {
  holds((text) => {
    // What is escaped is a letter like any other, and still stands between its neighbours.
    const withoutEscapes = forDiscord(text).replace(/\\[^0-9A-Za-z\s]/g, "x");
    expect(withoutEscapes).not.toMatch(/[\\*_~`|<>[\]()#]|@(?!\u2060)|:\/\//);
  });
});

test("Discord shows what was said", () => {
  const shown = (text: string) => text.replaceAll("\u2060", "").replace(/\\([^0-9A-Za-z\s])/g, "$1");
  holds((text) => expect(shown(forDiscord(text))).toBe(forPlainText(text)));
});

test.each([
  [forSlack, "<!channel> <https://a.example|b>", "&lt;!channel&gt; &lt;https:\u2060//a.example|b&gt;"],
  [forSlack, "*acme* invalid_grant fault.kind", "*\u2060acme*\u2060 invalid_grant fault.kind"],
  [forDiscord, "@everyone [log in](https://a.example)", "@\u2060everyone \\[log in\\]\\(https:\u2060//a\\.example\\)"],
  [forMailHeader, "Acme\r\nBcc: all@a.example", "Acme Bcc: all@a.example"],
  [forPlainText, "Ada \u202elive, 李, 👩‍💻", "Ada  live, 李, 👩‍💻"],
])("%o says %j", (channel, text, escaped) => {
  expect(channel(text)).toBe(escaped);
});
