import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parseYaml } from "./parse-yaml.ts";

export const monitoring = fileURLToPath(new URL("../../deploy/monitoring", import.meta.url));

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly annotations?: { readonly runbook: string };
}

const [written] = parseYaml(readFileSync(`${monitoring}/rules.yml`, "utf8")) as [{ groups: { rules: Rule[] }[] }];

export const rules: readonly Rule[] = written.groups.flatMap((group) => group.rules);

const [adapter] = parseYaml(readFileSync(`${monitoring}/prometheus-adapter.yml`, "utf8")) as [
  { rules: { external: { name: { as: string }; metricsQuery: string }[] } },
];

/** What Prometheus is asked by rules, dashboards and the autoscaler, with Grafana's variables filled in. */
export const queries: readonly { readonly where: string; readonly expr: string }[] = [
  ...rules.map(({ record, alert, expr }) => ({ where: record ?? alert ?? "", expr })),
  ...adapter.rules.external.map(({ name, metricsQuery }) => ({ where: name.as, expr: metricsQuery })),
  ...globSync(`${monitoring}/dashboards/*.json`).flatMap((file) => {
    const { panels, templating } = JSON.parse(readFileSync(file, "utf8"));
    const asked = panels.flatMap(({ title, targets }: { title: string; targets: { expr: string }[] }) =>
      targets.map(({ expr }) => ({ where: `${basename(file)}: ${title}`, expr: filledIn(expr) })),
    );
    const listed = templating.list.flatMap(({ query }: { query: string }) => {
      const [, metric, label] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
      return metric === undefined
        ? []
        : [{ where: `${basename(file)}: ${query}`, expr: `sum by (${label}) (${metric})` }];
    });
    return [...asked, ...listed];
  }),
];

function filledIn(expr: string): string {
  return expr.replaceAll("$__rate_interval", "5m").replaceAll("$provider", ".+");
}

/** Metrics that a query names, each with the labels that it has to have. */
export function namedBy(expr: string): { metric: string; labels: string[] }[] {
  const bare = expr.replaceAll(/"[^"]*"/g, '""');
  const grouped = [...bare.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(/, */));
  return [...bare.matchAll(/\b(evertoken[a-z0-9_:]*)(?:\{([^}]*)\})?/g)].map(([, metric = "", matchers = ""]) => ({
    metric,
    labels: [...matchers.matchAll(/(\w+)(?:=|!)/g)].map(([, label = ""]) => label).concat(grouped),
  }));
}
