import { measureDashboard } from "./dashboard-pages.ts";
import { measureHttpReads } from "./http-reads.ts";
import { measureIdle } from "./idle.ts";
import { measureJudgement } from "./judge.ts";
import { measureLateness } from "./lateness.ts";
import { measureMoving } from "./moving.ts";
import { measureRefreshRate } from "./refresh-rate.ts";
import { measureScale } from "./scale.ts";
import { measureTokenReads } from "./token-reads.ts";

/** `npm run bench [-- rate|reads|http|scale|idle|judge|lateness|dashboard|moving]`: each prints a table. Only ratios carry over to other machines. */
const measurements: Record<string, () => Promise<object[]>> = {
  rate: async () => [await measureRefreshRate(30_000, 0, 200), await measureRefreshRate(30_000, 200, 400)],
  reads: async () => [await measureTokenReads(10_000, 1), await measureTokenReads(10_000, 50)],
  // A thousand tokens, read again and again; and so many that each read is the first of its token and audited.
  http: async () => [await measureHttpReads(1000), await measureHttpReads(60_000)],
  scale: async () => [await measureScale(100_000), await measureScale(1_000_000)],
  idle: () => measureIdle(Number(process.env.BENCH_CONNECTIONS ?? 1_000_000)),
  judge: async () => measureJudgement(),
  lateness: async () => [await measureLateness(300, 20)],
  dashboard: () => measureDashboard(1_000_000),
  moving: () => measureMoving(Number(process.env.BENCH_CONNECTIONS ?? 1_000_000)),
};

const wanted = process.argv[2];
if (wanted !== undefined && measurements[wanted] === undefined) {
  process.stderr.write(`there is no measurement "${wanted}": choose one of ${Object.keys(measurements).join(", ")}\n`);
  process.exit(2);
}
for (const [name, measure] of Object.entries(measurements)) {
  if (wanted !== undefined && wanted !== name) continue;
  process.stdout.write(`\n${name}\n`);
  console.table(await measure());
}
