import { expect, test } from "vitest";
import { alertChannels, userMailRow } from "./alert-channel.ts";

const settings = Object.values(alertChannels).map(({ setting }) => setting);

test("no two channels share a row or a setting, nor one the row of the mail to users", () => {
  const rows = [userMailRow, ...settings.map(({ row }) => row)];
  expect(rows.filter((row, index) => rows.indexOf(row) !== index)).toEqual([]);
  expect(new Set(settings.map(({ name }) => name)).size).toBe(settings.length);
});

test("no text of a provider becomes markup at Slack, calls everybody at Discord, or is too long for it", () => {
  const alert = { title: "acme: <!channel> & more", lines: ["@everyone", "x".repeat(3000)] };
  expect(alertChannels.slack.body(alert).text).toMatch(/^\*acme: &lt;!channel&gt; &amp; more\*\n@\u2060everyone\nx+$/);
  const { content, allowed_mentions: mentions } = alertChannels.discord.body(alert);
  expect(content).toHaveLength(2000);
  expect(mentions).toEqual({ parse: [] });
});
