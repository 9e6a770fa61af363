import { execFileSync, spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { monitoring, queries, rules } from "../support/monitoring-queries.ts";
import { readPage } from "./docs-pages.ts";

const folder = mkdtempSync(join(tmpdir(), "evertoken-monitoring-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the dashboards are as dashboards.mjs writes them", () => {
  execFileSync(process.execPath, [join(monitoring, "dashboards.mjs"), folder]);
  const kept = globSync(join(monitoring, "dashboards/*.json"));
  expect(kept).toHaveLength(4);
  for (const file of kept) {
    const written = JSON.parse(readFileSync(join(folder, basename(file)), "utf8"));
    expect(JSON.parse(readFileSync(file, "utf8")), file).toEqual(written);
  }
});

test("every alert leads to an entry of the runbook", () => {
  const anchors = [...readPage("docs/guides/runbook.md").matchAll(/^## (.+)$/gm)].map(
    ([, heading = ""]) =>
      `docs/guides/runbook.md#${heading
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/g, "")
        .replaceAll(" ", "-")}`,
  );
  const alerts = rules.filter(({ alert }) => alert !== undefined);
  expect(alerts.length).toBeGreaterThan(8);
  for (const { alert, annotations } of alerts) expect(anchors, alert).toContain(annotations?.runbook);
});

const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

test.skipIf(!hasPromtool)(
  "promtool takes rules, their tests, the configuration and the queries of the dashboards (skipped where there is no promtool)",
  () => {
    const asked = join(folder, "queries.yml");
    const each = queries.map(({ expr }, index) => ({ record: `asked:${index}`, expr }));
    writeFileSync(asked, JSON.stringify({ groups: [{ name: "asked", rules: each }] }));
    for (const args of [
      ["check", "rules", "rules.yml"],
      ["test", "rules", "rules.test.yml"],
      ["check", "config", "prometheus.yml"],
      ["check", "rules", asked],
    ]) {
      const { status, stdout, stderr } = spawnSync("promtool", args, { cwd: monitoring, encoding: "utf8" });
      expect(status, `${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
    }
  },
);
