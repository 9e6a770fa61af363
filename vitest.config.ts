import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

type Suite = { name: string; turn: number; maxWorkers: number; timeoutSeconds: number };

/**
 * Turn by turn. Tests with services mostly wait, so more files run at once than there are cores; browsers share the machine with nobody.
 */
const suites: Suite[] = [
  { name: "contract", turn: 2, maxWorkers: 4, timeoutSeconds: 90 },
  { name: "integration", turn: 2, maxWorkers: 4, timeoutSeconds: 90 },
  { name: "chaos", turn: 3, maxWorkers: 4, timeoutSeconds: 120 },
  { name: "e2e", turn: 3, maxWorkers: 4, timeoutSeconds: 120 },
  { name: "browser", turn: 4, maxWorkers: 1, timeoutSeconds: 60 },
];

/** Files share the modules that are loaded already, which cost more than most tests: ours keep no state. */
const isolate = false;

const unit: TestProjectInlineConfiguration = {
  test: {
    name: "unit",
    isolate,
    // Some hash passwords or start a process: on a busy machine that takes its time.
    testTimeout: 20_000,
    include: ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "prisma/src/**/*.test.ts"],
    sequence: { groupOrder: 1 },
  },
};

/** The databases stand ready, and every file has to clean up after itself. */
function withServices({ name, turn, maxWorkers, timeoutSeconds }: Suite): TestProjectInlineConfiguration {
  const support = name === "contract" ? ["test/support/**/*.test.ts"] : [];
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`, ...support],
      pool: "forks",
      isolate,
      maxWorkers,
      // Where nobody looks on, a machine that stalled for a moment gets a second chance; `npm test` names each test that needed it.
      retry: process.env.CI ? 1 : 0,
      testTimeout: timeoutSeconds * 1000,
      hookTimeout: 60_000,
      globalSetup: ["test/support/services-global-setup.ts"],
      setupFiles: ["test/support/services-setup.ts"],
      sequence: { groupOrder: turn },
    },
  };
}

export default defineConfig({ test: { projects: [unit, ...suites.map(withServices)], passWithNoTests: true } });
