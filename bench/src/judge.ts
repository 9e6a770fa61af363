import { catalogue, classify, type Provider, refreshRequest, sentSecrets } from "@evertoken/providers";

const registration = { clientId: "client-id-0001", clientSecret: "client-secret-0001" };
const tokens = { accessToken: "access-token-0001".repeat(4), refreshToken: "refresh-token-0001".repeat(4) };
const secrets = sentSecrets({ registration, tokens });
const now = new Date("2026-11-20T12:00:00Z");

/** What it costs to build one request and to judge one answer, without any I/O. Times in microseconds. */
export interface JudgementCost {
  readonly provider: string;
  readonly samples: number;
  readonly buildUs: number;
  /** An answer with tokens: nearly every one. */
  readonly grantedUs: number;
  /** An answer without: its reason has to be cleaned of secrets. */
  readonly refusedUs: number;
}

/**
 * Measures every provider over its own samples, each as often as the next; the last row is over all of them. The rounds of
 * a provider are spread over the whole run, so that a busy moment of the machine falls on all alike, and the median counts.
 */
export function measureJudgement(rounds = 20, repeats = 30): JudgementCost[] {
  const cases = catalogue.filter(({ samples }) => samples.length > 0).map(prepare);
  const measured = cases.map((one) => ({ ...one, times: one.tasks.map((): number[] => []) }));
  for (const { tasks } of cases) for (const task of tasks) time(task, repeats);
  for (let round = 0; round < rounds; round += 1) {
    for (const { tasks, times } of measured) {
      for (const [index, task] of tasks.entries()) times[index]?.push(time(task, repeats));
    }
  }
  const costs = measured.map(({ provider, samples, per, times }): JudgementCost => {
    const [buildUs = 0, grantedUs = 0, refusedUs = 0] = times.map((all, index) =>
      round1(median(all) / (per[index] || 1)),
    );
    return { provider, samples, buildUs, grantedUs, refusedUs };
  });
  const mean = (read: (cost: JudgementCost) => number) => average(costs.map(read).filter((value) => value > 0));
  const samples = costs.reduce((sum, cost) => sum + cost.samples, 0);
  return [
    ...costs,
    {
      ...{ provider: "all", samples },
      buildUs: mean(({ buildUs }) => buildUs),
      grantedUs: mean(({ grantedUs }) => grantedUs),
      refusedUs: mean(({ refusedUs }) => refusedUs),
    },
  ];
}

/** The three tasks of a provider, and how many answers each of them makes. */
function prepare(provider: Provider) {
  const answers = provider.samples.map(({ judged, status, headers, body }) => {
    const bytes = new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
    return { judged, answer: { kind: "response", status, headers, body: bytes } as const };
  });
  const granted = answers.filter(({ judged }) => judged === "granted");
  const refused = answers.filter(({ judged }) => judged !== "granted");
  const metadata = Object.fromEntries(
    Object.entries(provider.placeholders).map(([name, { example }]) => [name, example]),
  );
  const input = { registration, connection: { metadata, scopes: [] }, tokens };
  const judge = (some: typeof answers) => () => some.map(({ answer }) => classify(provider, answer, now, secrets));
  const refreshes = provider.policy.spends !== "nothing";
  return {
    ...{ provider: provider.id, samples: answers.length, per: [1, granted.length, refused.length] },
    tasks: [() => (refreshes ? refreshRequest(provider, input) : null), judge(granted), judge(refused)],
  };
}

/** Microseconds of one call. */
function time(task: () => unknown, repeats: number): number {
  const startedAt = performance.now();
  for (let index = 0; index < repeats; index += 1) task();
  return ((performance.now() - startedAt) * 1000) / repeats;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const average = (values: readonly number[]) => round1(values.reduce((sum, value) => sum + value, 0) / values.length);
const round1 = (value: number) => Math.round(value * 10) / 10;

if (import.meta.main) console.table(measureJudgement());
