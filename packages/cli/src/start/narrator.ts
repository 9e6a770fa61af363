import { asLines, type Io } from "../io.ts";

/** Tells what happens: lines for people, or with --json one object a line. */
export interface Narrator {
  event(event: string, facts: object, forPeople: readonly string[]): void;
  say(line: string): void;
}

export function createNarrator({ json, stdout }: Pick<Io, "json" | "stdout">): Narrator {
  const event: Narrator["event"] = (name, facts, forPeople) => {
    const lines = json ? [JSON.stringify({ event: name, ...facts })] : forPeople;
    if (lines.length > 0) stdout.write(asLines(lines));
  };
  return { event, say: (line) => event("note", { text: line }, [line]) };
}
