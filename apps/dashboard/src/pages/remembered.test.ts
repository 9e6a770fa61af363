import { expect, test } from "vitest";
import { remembered } from "./remembered.ts";

test("readers of one moment share one making", async () => {
  let made = 0;
  const read = remembered(async () => ++made);
  expect((await Promise.all([read(), read(), read()])).map(({ value }) => value)).toEqual([1, 1, 1]);
});

test("while a new one is in the making, the last one is served", async () => {
  const makings: PromiseWithResolvers<number>[] = [];
  const read = remembered(() => {
    const making = Promise.withResolvers<number>();
    makings.push(making);
    return making.promise;
  });
  const first = read();
  makings[0]?.resolve(1);
  expect((await first).value).toBe(1);
  while (makings.length < 2) expect((await read()).value).toBe(1); // Made in no time, so it is soon made again.
  expect((await read()).value).toBe(1);
  makings[1]?.resolve(2);
  expect((await read()).value).toBe(2);
});

test("a failure is told to whoever waits, and tried again", async () => {
  let fails = true;
  const read = remembered(async () => {
    if (fails) throw new Error("away");
    return 1;
  });
  await expect(read()).rejects.toThrow("away");
  fails = false;
  expect((await read()).value).toBe(1);
});
