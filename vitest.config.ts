import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { cheapPasswords } from "./scripts/build/cheap-passwords.mjs";
import { shortLived } from "./test/support/programs.ts";

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
const services: TestProjectInlineConfiguration = {
  plugins: [cheapPasswords()],
  test: {
    name: "services",
    include: ["test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, "test/cluster/**"],
    pool: "forks",
    isolate,
    execArgv: shortLived,
    // They wait as much as they work, so more of them run at once than there are cores.
    maxWorkers: 5,
    // Where nobody looks on, a machine that stalled for a moment gets a second chance; `npm test` names each test that needed it.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    globalSetup: ["test/support/services-global-setup.ts"],
    setupFiles: ["test/support/services-setup.ts"],
    sequence: { groupOrder: 2 },
  },
};

const mostlyWaits = ({ moduleId }: TestSpecification) => /\/test\/(browser|chaos|e2e)\//.test(moduleId);

/** Tests that mostly wait beside tests that mostly compute: the cores are never idle, and none of the long ones begins last. */
class Mixed extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isUnit = ({ project }: TestSpecification) => project.name === "unit";
    const waiting = sorted.filter(mostlyWaits);
    const computing = sorted.filter((file) => !mostlyWaits(file) && !isUnit(file));
    const mixed = computing.flatMap((file, n) => [...waiting.slice(n, n + 1), file]);
    return [...sorted.filter(isUnit), ...mixed, ...waiting.slice(computing.length)];
  }
}

/** Half a dozen servers a file, and failovers that are waited for: by `npm run test:cluster` alone. */
const cluster: TestProjectInlineConfiguration = {
  test: {
    ...{ ...services.test, name: "cluster", maxWorkers: 1 },
    ...{ include: ["test/cluster/**/*.test.ts"], exclude: configDefaults.exclude },
  },
};

export default defineConfig({
  test: {
    projects: process.env.TEST_CLUSTER ? [cluster] : [unit, services],
    sequence: { sequencer: Mixed },
    passWithNoTests: true,
  },
});
