import { expect, test } from "vitest";
import { describePostgresTrouble, knownPostgresTrouble, postgresTrouble } from "./postgres-trouble.ts";

const failed = (code: string | undefined, message = "", name = "error") =>
  Object.assign(new Error(message), { code, name });
const prisma = "PrismaClientKnownRequestError";

test.each([
  [failed("ECONNREFUSED"), "away"],
  [failed("EPIPE"), "away"],
  [failed(undefined, "Query read timeout"), "away"],
  [failed("57P01"), "away"],
  [failed("53300"), "away"],
  [failed("40P01"), "away"],
  [failed("42P01"), "unmigrated"],
  [failed("42703"), "unmigrated"],
  [failed("28P01"), "credentials"],
  [failed("08P01", "password authentication failed"), "credentials"],
  [failed("3D000"), "database"],
  [failed("08P01", 'database "x" does not exist'), "database"],
  [failed("08P01", "no such database: x"), "database"],
  [failed("42501"), "permission"],
  [failed("25006"), "replica"],
  [failed("26000"), "pooler"],
  [failed("42P05"), "pooler"],
  [failed("08P01", "bind message supplies 2 parameters, but prepared statement requires 1"), "pooler"],
  [failed("42601"), "refused"],
  [failed("23505"), "refused"],
  [failed("P2021", "", prisma), "unmigrated"],
  [failed("P2002", "", prisma), "refused"],
  [
    Object.assign(failed("P2010", "", prisma), { meta: { driverAdapterError: { cause: { originalCode: "26000" } } } }),
    "pooler",
  ],
] as const)("%s: %s", (error, trouble) => {
  expect(postgresTrouble(error)).toBe(trouble);
});

test("what is not of Postgres at all is not taken for its silence", () => {
  expect(knownPostgresTrouble(new TypeError("x is not a function"))).toBeNull();
  expect(knownPostgresTrouble(null)).toBeNull();
});

test("the server's own text, which may quote a value, goes nowhere", () => {
  expect(describePostgresTrouble(failed("23505", "Key (user_id)=(canary)"))).not.toContain("canary");
});

test("a server without a connection left is away for a while, and its own remedy is told", () => {
  const full = failed("53300", "sorry, too many clients already");
  expect(postgresTrouble(full)).toBe("away");
  expect(describePostgresTrouble(full)).toMatch(
    /no connection left: raise its max_connections, or lower DATABASE_POOL/,
  );
});
