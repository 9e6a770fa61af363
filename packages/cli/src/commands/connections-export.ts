import { open, rm } from "node:fs/promises";
import { EvertokenError } from "@evertoken/engine";
import { type Exported, exportConnections } from "@evertoken/engine/internal";
import { auditOperator } from "../audit-operator.ts";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { type Opened, withEngine } from "../open.ts";
import { createProgress } from "../progress.ts";
import { requireProvider } from "./connections-list.ts";

interface ExportOptions {
  readonly user?: string;
  readonly provider?: string;
  readonly tag?: string;
  readonly withTokens?: boolean;
}

interface Report {
  /** null: standard output. */
  readonly file: string | null;
  readonly withTokens: boolean;
  exported: number;
  /** Of those: a refresh was under way, so the tokens may be spent by now. */
  refreshing: number;
  /** Left out, because their tokens do not open. */
  readonly unreadable: string[];
}

/** Where the lines go. */
interface Sink {
  write(text: string): Promise<void>;
  close(): Promise<void>;
  /** A part must not pass for all. */
  giveUp(): Promise<void>;
}

export async function exportCommand(io: Io, file: string | undefined, options: ExportOptions): Promise<number> {
  const { user, provider, tag, withTokens = false } = options;
  const named = file !== undefined && file !== "-" ? file : null;
  if (withTokens && file === undefined) {
    throw new UsageError("name the file that the tokens go to, or - for standard output");
  }
  if (withTokens && named === null && io.stdout.isTTY)
    throw new UsageError("tokens are not shown on a terminal: name a file");
  if (io.json && named === null) throw new UsageError("--json needs a file: standard output cannot hold both");
  const filter = {
    withTokens,
    ...(user === undefined ? {} : { userId: user }),
    ...(provider === undefined ? {} : { provider }),
    ...(tag === undefined ? {} : { tag }),
  };
  const exporting = async ({ engine, interrupted }: Opened) => {
    await requireProvider(engine, provider);
    const sink = named === null ? outputOf(io) : await fileOf(named);
    const report: Report = { file: named, withTokens, exported: 0, refreshing: 0, unreadable: [] };
    // Before the first of them leaves.
    const detail = { withTokens, provider: provider ?? null, tag: tag ?? null, ofOneUser: user !== undefined };
    await auditOperator(engine, { action: "connections.exported", detail });
    const progress = createProgress(io, "exporting");
    try {
      for await (const page of exportConnections(engine, filter)) {
        interrupted.throwIfAborted();
        const text = page.map((each) => lineOf(each, report)).join("");
        if (text !== "") await sink.write(text);
        progress.update(report.exported, report.exported);
      }
      await sink.close();
    } catch (error) {
      await sink.giveUp();
      io.note(`stopped after ${report.exported}${named === null ? "" : `: ${named} was removed, since it is not all`}`);
      throw error;
    } finally {
      progress.stop();
    }
    if (named !== null) io.result(report, () => [`${report.exported} exported to ${named}`]);
    for (const note of notes(report)) io.note(note);
    return report.unreadable.length === 0 ? 0 : 1;
  };
  return withEngine(io, exporting, { endsItself: true });
}

function lineOf(each: Exported, report: Report): string {
  if (each.kind === "unreadable") {
    report.unreadable.push(each.id);
    return "";
  }
  report.exported++;
  if (each.refreshing) report.refreshing++;
  return `${JSON.stringify(each.row)}\n`;
}

function outputOf({ stdout }: Io): Sink {
  return {
    write: (text) =>
      new Promise((resolve, reject) => stdout.write(text, (error) => (error ? reject(error) : resolve()))),
    close: () => Promise.resolve(),
    giveUp: () => Promise.resolve(),
  };
}

/** A new file that nobody else can read. */
async function fileOf(file: string): Promise<Sink> {
  try {
    const handle = await open(file, "wx", 0o600);
    return {
      write: async (text) => void (await handle.write(text)),
      async close() {
        await handle.sync();
        await handle.close();
      },
      async giveUp() {
        await handle.close();
        await rm(file);
      },
    };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "EEXIST" ? "is there already: name a new file" : `cannot be written (${code})`;
    throw new EvertokenError("invalid_input", `${file} ${why}`);
  }
}

function notes({ withTokens, refreshing, unreadable }: Report): string[] {
  return [
    ...(withTokens
      ? [
          "These tokens are in plain: whoever has them acts for your users. Move the file over a safe way, and delete it.",
        ]
      : ["Without tokens, so this cannot be imported: --with-tokens writes them."]),
    ...(withTokens && refreshing > 0
      ? [`${refreshing} were being refreshed: stop the workers and export again, or their tokens may be spent`]
      : []),
    ...unreadable.slice(0, 100).map((id) => `left out: the tokens of ${id} do not open with ENCRYPTION_KEY`),
  ];
}
