import { writeFileSync } from "node:fs";
import { relative } from "node:path";

/** A reporter of vitest: writes a line for each test that passed at its second try only into the file SECOND_TRIES_FILE. */
export default class SecondTries {
  #lines = [];
  #root = ".";

  onInit({ config }) {
    this.#root = config.root;
  }

  onTestCaseResult(test) {
    if (!test.diagnostic()?.flaky) return;
    const [error] = test.result().errors ?? [];
    const first = error === undefined ? "" : `: ${String(error.message).split("\n")[0]}`;
    this.#lines.push(`${relative(this.#root, test.module.moduleId)} > ${test.fullName}${first}`);
  }

  onTestRunEnd() {
    if (process.env.SECOND_TRIES_FILE) writeFileSync(process.env.SECOND_TRIES_FILE, this.#lines.join("\n"));
  }
}
