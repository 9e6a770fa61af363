import { createReadStream } from "node:fs";
import { text } from "node:stream/consumers";
import type { Outcome } from "@evertoken/core";
import { EvertokenError } from "@evertoken/engine";
import { judgePasted, type PastedAnswer, type Provider } from "@evertoken/providers";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { facts, table } from "../table.ts";
import { knownProvider } from "./providers-known.ts";

interface CheckOptions {
  readonly answer?: string;
  readonly status?: number;
}

/** Judges an answer that was pasted; without one, the samples of the provider's file. @returns 1 when a sample is judged otherwise */
export async function checkProvider(io: Io, id: string, options: CheckOptions): Promise<number> {
  const { provider } = await knownProvider(io, id);
  if (options.answer === undefined) return checkSamples(io, provider);
  const pasted = readPasted(await read(io, options.answer), options.status);
  const outcome = judgePasted(provider, pasted, new Date());
  io.result(outcome, () => [...facts(factsOf(outcome)), "", meaning[outcome.kind]]);
  return 0;
}

async function read(io: Io, file: string): Promise<string> {
  try {
    return await text(file === "-" ? io.stdin : createReadStream(file));
  } catch (error) {
    throw new EvertokenError("invalid_input", `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** A body, or a whole answer as `curl -i` prints it. */
function readPasted(pasted: string, status: number | undefined): PastedAnswer {
  const [, stated, rest = ""] = /^HTTP\/[\d.]+ (\d{3})[^\n]*\n([\s\S]*)$/.exec(pasted) ?? [];
  if (stated === undefined) {
    if (status === undefined) throw new UsageError("say the answer's HTTP status: --status 400");
    return { status, body: pasted };
  }
  const end = /\r?\n\r?\n/.exec(rest);
  const head = end === null ? rest : rest.slice(0, end.index);
  const headers = head.split(/\r?\n/).flatMap((line): [string, string][] => {
    const colon = line.indexOf(":");
    return colon < 1 ? [] : [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()]];
  });
  const body = end === null ? "" : rest.slice(end.index + end[0].length);
  return { status: status ?? Number(stated), headers: Object.fromEntries(headers), body };
}

function checkSamples(io: Io, provider: Provider): number {
  const now = new Date();
  const rows = provider.samples.map(({ name, judged, status, headers, body }) => {
    const pasted = { status, headers, body: typeof body === "string" ? body : JSON.stringify(body) };
    const outcome = judgePasted(provider, pasted, now);
    return { name, status, stated: judged, judged: outcome.kind, reason: "reason" in outcome ? outcome.reason : null };
  });
  io.result(rows, () =>
    table(
      ["SAMPLE", "HTTP", "STATED", "JUDGED", "REASON"],
      rows.map((row) => [row.name, row.status, row.stated, row.judged, row.reason]),
    ),
  );
  return rows.every(({ stated, judged }) => stated === judged) ? 0 : 1;
}

function factsOf(outcome: Outcome): Record<string, string | number | null> {
  const wait = "retryAfterMs" in outcome && outcome.retryAfterMs !== null ? `${outcome.retryAfterMs / 1000} s` : null;
  const granted = outcome.kind === "granted" ? outcome.tokens : null;
  return {
    judged: outcome.kind,
    reason: "reason" in outcome ? outcome.reason : null,
    wait,
    ...(granted === null
      ? {}
      : {
          "access token": granted.accessToken,
          "refresh token": granted.refreshToken ?? "none in the answer: the stored one stays",
          lives: typeof granted.expiresIn === "number" ? `${granted.expiresIn} s` : granted.expiresIn,
          scopes: granted.scopes?.join(" ") ?? null,
          odd: granted.notes.length === 0 ? null : granted.notes.join("; "),
        }),
  };
}

const meaning: Readonly<Record<Outcome["kind"], string>> = {
  granted: "The tokens are stored, and the next refresh is scheduled.",
  denied: "The grant is dead: the connection becomes needs_reauth, and its user is asked to reconnect.",
  misconfigured:
    "Our registration is wrong: the provider's circuit opens, an operator is told, no connection is marked.",
  throttled: "We come back when told; nothing is counted against the connection.",
  unsent: "Nothing was sent: tried again soon.",
  transient: "Trouble on their side: tried again soon, then every five minutes.",
  uncertain: "The refresh token may be spent: one careful retry, by the provider's rotation.",
  unknown:
    "Nobody has described this answer: one probe an hour, and an operator is told. Describe it in the provider's file.",
  nothing_to_spend: "There is nothing to refresh.",
  unreadable: "The stored token does not open.",
  unaddressable: "The connection's metadata makes no endpoint: nothing was sent.",
};
