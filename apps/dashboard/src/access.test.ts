import { expect, test } from "vitest";
import { accessTo, methodsOf, routeKey } from "./access.ts";

test("what the table does not name is for nobody", () => {
  for (const key of [
    "PUT /queues/api/queues/:queueName/vanish",
    "GET /queues/api/secrets",
    "DELETE /login",
    "POST /",
  ]) {
    expect(accessTo(key)).toBeUndefined();
  }
});

test("HEAD counts as GET, and a slash at the end changes nothing", () => {
  expect(accessTo(routeKey("HEAD", "/queues/"))).toBe("viewer");
  expect(accessTo(routeKey("PUT", "/queues/api/queues/:queueName/pause"))).toBe("operator");
});

test("the methods of a path are those of its routes", () => {
  expect([methodsOf("/login"), methodsOf("/healthz"), methodsOf("/nothing")]).toEqual([["GET", "POST"], ["GET"], []]);
});
