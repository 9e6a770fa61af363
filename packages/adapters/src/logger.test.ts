import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";

test("nothing of a line acts on a terminal, and a reader of JSON gets what was logged", () => {
  const said = "\x1b[2J \x9b2J \x7f \u202elive \u2028 \\u001b Zoë";
  const lines: string[] = [];
  createLogger("test", "info", { write: (line) => void lines.push(line) }).info({ said }, said);
  expect(lines).toHaveLength(1);
  expect(lines[0]?.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028]/u);
  expect(lines[0]?.at(-1)).toBe("\n");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ said, msg: said });
});
