import { measureRefreshRate } from "./refresh-rate.ts";

const only = process.argv[2];
if (only === undefined || only === "rate") {
  console.table([await measureRefreshRate(15_000, 0, 100), await measureRefreshRate(15_000, 200, 400)]);
}
