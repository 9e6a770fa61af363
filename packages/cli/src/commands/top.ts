import { emitKeypressEvents } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";
import type { Engine } from "@evertoken/engine/internal";
import type { Command } from "commander";
import { asLines, type Io } from "../io.ts";
import { withEngine } from "../open.ts";
import { requirePostgres } from "../reachable.ts";
import type { Run } from "../run.ts";
import { drawFrame } from "../top/draw-frame.ts";
import { readFrame } from "../top/read-frame.ts";
import { wholeNumber } from "../whole-number.ts";

export function addTop(program: Command, run: Run): void {
  program
    .command("top")
    .description("how all providers do, live; in a pipe, or with --json, one look")
    .option("--every <seconds>", "how long from one look to the next", wholeNumber(1, 3600), 3)
    .action(run(top));
}

async function top(io: Io, { every }: { every: number }): Promise<undefined> {
  await withEngine(io, async ({ engine, interrupted }) => {
    await requirePostgres(engine);
    if (!io.json && io.stdout.isTTY) return watch(io, engine, every * 1000, interrupted);
    const frame = await readFrame(engine, new Date());
    io.result(frame, () => drawFrame(frame, Number.POSITIVE_INFINITY));
  });
}

const enter = "\u001b[?1049h\u001b[?25l";
const leave = "\u001b[?25h\u001b[?1049l";
/** From the corner on, so that nothing flickers; what was longer before is erased. */
const home = "\u001b[H";
const restOfLine = "\u001b[K";
const restOfScreen = "\u001b[J";

/** Until q or Ctrl-C. The screen of before comes back, also after an error. */
async function watch(io: Io, engine: Engine, everyMs: number, interrupted: AbortSignal): Promise<void> {
  const { stdin, stdout } = io;
  const quit = new AbortController();
  const ended = AbortSignal.any([quit.signal, interrupted]);
  const onKey = (_: string, key: { name?: string; ctrl?: boolean }) => {
    if (key.name === "q" || (key.ctrl === true && key.name === "c")) quit.abort();
  };
  emitKeypressEvents(stdin);
  stdin.on("keypress", onKey);
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.resume();
  stdout.write(enter);
  try {
    while (!ended.aborted) {
      stdout.write(screen(io, drawFrame(await readFrame(engine, new Date()), (stdout.rows ?? 24) - 2)));
      await sleep(everyMs, undefined, { signal: ended }).catch(() => undefined);
    }
  } finally {
    stdout.write(leave);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.off("keypress", onKey);
    stdin.pause();
  }
}

function screen({ stdout, env }: Io, lines: readonly string[]): string {
  const width = stdout.columns ?? 80;
  const shown = [...lines, "", "q ends"].flatMap((line) => asLines([line.slice(0, width)]).trimEnd());
  const styled = shown.map((line) =>
    isHead(line) && !env.NO_COLOR ? styleText("bold", line, { validateStream: false }) : line,
  );
  return `${home}${styled.map((line) => `${line}${restOfLine}`).join("\n")}\n${restOfScreen}`;
}

/** The first line, what is shouted, and the heads of the columns. */
const isHead = (line: string) => /^(?:evertoken |[A-Z]{4})/.test(line);
