import { expect, test } from "vitest";
import { catalogue } from "./catalogue/index.ts";
import { readProviderSettings } from "./settings.ts";

const read = (env: Record<string, string>) => readProviderSettings(env, () => "", catalogue);

test("a provider gets its own concurrency and rate limit", () => {
  const { settings, faults } = read({ SPOTIFY_CONCURRENCY: "7", SPOTIFY_RATE_LIMIT: "100/60" });
  const spotify = settings.providers.find(({ provider }) => provider.id === "spotify");
  expect(faults).toEqual([]);
  expect(spotify).toMatchObject({ concurrency: 7, provider: { rateLimit: { max: 100, perSeconds: 60 } } });
});

test.each([
  ["SPOTIFY_CONCURRENCY", "0"],
  ["SPOTIFY_CONCURRENCY", "many"],
  ["SPOTIFY_RATE_LIMIT", "100"],
  ["SPOTIFY_RATE_LIMIT", "0/60"],
])("%s=%s is a fault that names the variable", (name, value) => {
  expect(read({ [name]: value }).faults).toEqual([expect.stringContaining(name)]);
});
