import {
  type Check,
  callback,
  date,
  flag,
  type Kind,
  needed,
  number,
  object,
  optionsOf,
  orNull,
  refuseUnfit,
  text,
  texts,
} from "./check-arguments.ts";
import type { ConnectionFilter } from "./contract/connections.ts";
import type { Evertoken } from "./contract/evertoken.ts";
import type { BulkOptions } from "./contract/refreshes.ts";
import type { AccessTokenOptions, RefreshOptions, WithAccessTokenOptions } from "./contract/token.ts";

/** One check for each argument of each method. */
type Checks<Of> = Of extends (...given: infer Given) => unknown
  ? { readonly [Index in keyof Required<Given>]: Check }
  : { readonly [Name in keyof Of]: Checks<Of[Name]> };

const target: Check = (given) => {
  const { userId, provider } = (given ?? {}) as { userId?: unknown; provider?: unknown };
  const isMeant =
    typeof given === "string" || [userId, provider].every((each) => typeof each === "string" && each !== "");
  return isMeant ? null : "a connection is meant by its id, or by { userId, provider }";
};
const id: Check = (given) => (typeof given === "string" ? null : "a connection is meant by its id here, which is text");
const userId = needed("userId", text);
/** Its fields are judged where they are read. */
const input = needed("input", object);
const query: Kind = { fits: (value) => text.fits(value) || object.fits(value), needs: "the query of the return URL" };

const calls: Checks<Evertoken> = {
  getAccessToken: [
    target,
    optionsOf<AccessTokenOptions>({ minTtlSeconds: number, scopes: texts, refusedGeneration: number }),
  ],
  withAccessToken: [
    target,
    needed("call", callback),
    optionsOf<WithAccessTokenOptions>({ minTtlSeconds: number, isUnauthorized: callback }),
  ],
  refresh: [target, optionsOf<RefreshOptions>({ force: flag, generation: number })],
  scheduleNow: [target, optionsOf<{ force: boolean }>({ force: flag })],
  scheduleNextRefresh: [target],
  refreshAllExpiring: [
    optionsOf<BulkOptions>({
      ...{ withinMs: orNull(number), provider: text, needsReauth: flag, dryRun: flag, timeoutMs: number },
      ...{ onProgress: callback, signal: object },
    }),
  ],
  tokenStatus: [target],
  health: [userId],
  sync: [id],
  connect: {
    authorize: [input],
    complete: [needed("answer", object)],
    confirm: [needed("query", query), needed("input", { fits: hasUserId, needs: "{ userId }, of your session" })],
    link: [input],
    endSessions: [userId],
  },
  connections: {
    list: [
      optionsOf<ConnectionFilter>(
        { userId: text, provider: text, status: text, tag: text, expiresBefore: date, after: text, limit: number },
        "filter",
      ),
    ],
    get: [target],
    import: [input],
    update: [id, needed("change", object)],
    disconnect: [id],
    log: [id, (given) => (given === undefined ? null : needed("limit", number)(given))],
  },
  close: [],
};

function hasUserId(value: unknown): boolean {
  return object.fits(value) && text.fits((value as { userId?: unknown }).userId);
}

/** An Evertoken whose methods refuse what is no argument of theirs, before anything is asked or done, as they refuse all else. */
export function checkedCalls(evertoken: Evertoken): Evertoken {
  return checkedBy(evertoken, calls) as Evertoken;
}

type Call = (...given: unknown[]) => Promise<unknown>;

function checkedBy(of: object, checks: object): object {
  const named = of as Readonly<Record<string, object>>;
  const checked = Object.entries(checks).map(([name, each]) => [
    name,
    Array.isArray(each) ? checking(named[name] as Call, each) : checkedBy(named[name] as object, each),
  ]);
  return Object.fromEntries(checked);
}

function checking(call: Call, checks: readonly Check[]): Call {
  if (checks.length === 0) return call;
  return async (...given) => {
    refuseUnfit(checks, given);
    return call(...given);
  };
}
