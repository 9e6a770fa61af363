/** Why Postgres does not do what it was asked; each has its own remedy. `refused` is what none of the others is. */
export type PostgresTrouble =
  | "away"
  | "unmigrated"
  | "credentials"
  | "database"
  | "permission"
  | "replica"
  | "pooler"
  | "refused";

/** SQLSTATEs (appendix A of Postgres' manual), the longest that fits. */
const byState: Readonly<Record<string, PostgresTrouble>> = {
  // Connections; out of connections or memory; started, stopped or cancelled.
  ...{ "08": "away", "53": "away", "57": "away", "58": "away" },
  // Another transaction stood in the way.
  ...{ "40": "away", "55": "away" },
  "28": "credentials",
  "3D": "database",
  // An object is not there, or is another one: of our names none is misspelt.
  ...{ "3F": "unmigrated", "42703": "unmigrated", "42704": "unmigrated", "42883": "unmigrated" },
  ...{ "42P01": "unmigrated", "42P10": "unmigrated" },
  "42501": "permission",
  "25006": "replica",
  // Prepared statements that another session has, or has not.
  ...{ "26000": "pooler", "42P05": "pooler" },
};

/** Prisma's own codes look like SQLSTATEs. */
const byPrisma: Readonly<Record<string, PostgresTrouble>> = {
  ...{ P1000: "credentials", P1003: "database", P1010: "permission", P2021: "unmigrated", P2022: "unmigrated" },
};

/** PgBouncer and old servers say in words what has no code of its own. */
const byWords: readonly (readonly [RegExp, PostgresTrouble])[] = [
  [/no such database|database .* does not exist/, "database"],
  [/(password|SASL|SCRAM) authentication failed|no such user|not allowed|auth failed/i, "credentials"],
  [/bind message supplies \d+ parameters|prepared statement .* (does not exist|already exists)/, "pooler"],
];

/** Without a code of the server's, nothing of it was heard: it is away. */
export function postgresTrouble(error: unknown): PostgresTrouble {
  const state = stateOf(error);
  if (state === null) return "away";
  if (isPrisma(error)) return byPrisma[state] ?? "refused";
  const { message = "" } = error as { message?: string };
  if (state === "08P01") return byWords.find(([words]) => words.test(message))?.[1] ?? "away";
  return byState[state] ?? byState[state.slice(0, 2)] ?? "refused";
}

/** The same for an error that may be of anything: null where it is not of Postgres. */
export function knownPostgresTrouble(error: unknown): PostgresTrouble | null {
  return stateOf(error) === null ? null : postgresTrouble(error);
}

/** Whether a pooler refuses what the connection was to begin with. */
export function refusesParameter(error: unknown): boolean {
  return /unsupported startup parameter/.test((error as { message?: string }).message ?? "");
}

/** In words, for logs and people: what is wrong, and what to do. Holds nothing of the server's own text, which may quote values. */
export function describePostgresTrouble(error: unknown): string {
  const trouble = postgresTrouble(error);
  const state = stateOf(error);
  const { is, advice } = state === tooMany ? noConnectionLeft : postgresAdvice[trouble];
  return trouble === "refused" ? `${is} (${state}): ${advice}` : `${is}: ${advice}`;
}

/** It passes like an absence, and its remedy is another one. */
const tooMany = "53300";
const noConnectionLeft = {
  is: "Postgres has no connection left",
  advice: "raise its max_connections, or lower DATABASE_POOL of the processes",
};

export const postgresAdvice: Readonly<Record<PostgresTrouble, { readonly is: string; readonly advice: string }>> = {
  away: { is: "Postgres does not answer", advice: "check DATABASE_URL and the server" },
  unmigrated: { is: "the database has not been migrated to this version", advice: "run `evertoken migrate`" },
  credentials: {
    is: "Postgres refuses the user or the password",
    advice: "check both in DATABASE_URL",
  },
  database: { is: "there is no such database", advice: "check the name at the end of DATABASE_URL, or create it" },
  permission: {
    is: "the Postgres user may not do what is needed",
    advice: "GRANT it SELECT, INSERT, UPDATE and DELETE on all tables and USAGE on all sequences of the schema",
  },
  replica: { is: "Postgres takes no writes", advice: "let DATABASE_URL lead to the primary" },
  pooler: {
    is: "prepared statements are lost on the way to Postgres, as by PgBouncer in transaction mode",
    advice: "set DATABASE_PREPARED=false, or let the pooler keep them (max_prepared_statements)",
  },
  refused: { is: "Postgres refuses a statement", advice: "its log says why" },
};

/** Node's own codes, such as EPIPE, begin with an E; no class of SQLSTATEs does. */
function stateOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null) return null;
  const { code, meta } = error as {
    code?: unknown;
    meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } };
  };
  const inner = meta?.driverAdapterError?.cause?.originalCode;
  const state = typeof inner === "string" ? inner : code;
  return typeof state === "string" && /^(?!E)[0-9A-Z]{5}$/.test(state) ? state : null;
}

/** Unless it hands on what the server said. */
function isPrisma(error: unknown): boolean {
  const { name, code } = error as { name?: string; code?: unknown };
  return name?.startsWith("PrismaClient") === true && stateOf(error) === code;
}
