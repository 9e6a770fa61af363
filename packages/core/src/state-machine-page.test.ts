import { expect, test } from "vitest";
import { stateMachinePage } from "./state-machine-page.ts";

test("docs/state-machine.md is what the code does", async () => {
  await expect(stateMachinePage()).toMatchFileSnapshot("../../../docs/state-machine.md");
});
