import type { GrantRecord } from "@evertoken/core";

export type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const uuid: Check = (value) => typeof value === "string" && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value);
const whole: Check = (value) => Number.isSafeInteger(value);
const number: Check = (value) => typeof value === "number" && Number.isFinite(value);
const time: Check = (value) => typeof value === "string" && !Number.isNaN(Date.parse(value));
const texts: Check = (value) => Array.isArray(value) && value.every(text);
const facts: Check = (value) => isFields(value) && Object.values(value).every(text);
/** Earlier versions did not know every field. */
const maybe =
  (check: Check): Check =>
  (value) =>
    value == null || check(value);

const record = {
  ...{ connectionId: uuid, userId: text, provider: text, registration: text, fingerprint: text, client: text },
  ...{ generation: whole, leaseOwner: text },
};
const transition = {
  ...{ kind: (value: unknown) => value === "store", message: maybe(text), provider: maybe(isFields), events: texts },
  ...{ expiresAt: maybe(time), refreshTokenExpiresAt: maybe(time), grantEndsAt: maybe(time) },
  nextRefreshAt: maybe(time),
};
const tokens = {
  ...{ accessToken: text, refreshToken: maybe(text), tokenType: maybe(text), scopes: maybe(texts), metadata: facts },
};
const log = {
  ...{ trigger: text, outcome: text, errorCode: maybe(text), message: maybe(text), httpStatus: maybe(whole) },
  ...{ durationMs: number, oldExpiresAt: maybe(time), dueAt: maybe(time), at: time },
};

/** @returns null: it is of another shape. Fields that are not known here go along as they are. */
export function toCommitRecord(value: unknown): GrantRecord | null {
  if (!fits(value, record) || !fits(value.transition, transition) || !fits(value.log, log)) return null;
  if (!fits(value.transition.tokens, tokens)) return null;
  const { v: _, ...fields } = value;
  return withDates(fields as unknown as GrantRecord);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fits(value: unknown, checks: Readonly<Record<string, Check>>): value is Fields {
  return isFields(value) && Object.entries(checks).every(([field, check]) => check(value[field]));
}

/** JSON has no dates; each is made again at its place, since a provider's own facts may bear the same names. */
function withDates({ transition, log, ...rest }: GrantRecord): GrantRecord {
  const { expiresAt, refreshTokenExpiresAt, grantEndsAt, nextRefreshAt } = transition;
  return {
    ...rest,
    transition: {
      ...transition,
      expiresAt: date(expiresAt),
      refreshTokenExpiresAt: date(refreshTokenExpiresAt),
      grantEndsAt: date(grantEndsAt),
      nextRefreshAt: date(nextRefreshAt),
    },
    log: { ...log, oldExpiresAt: date(log.oldExpiresAt), dueAt: date(log.dueAt), at: new Date(log.at) },
  };
}

/** Typed as the date that it was, read as the text that it is now. */
const date = (at: Date | null | undefined) => (at == null ? null : new Date(at));
