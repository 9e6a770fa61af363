// Writes dashboards/*.json for Grafana from the tables below: node deploy/monitoring/dashboards.mjs
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const source = { type: "prometheus", uid: "$source" };

/** A panel: what it is called, how wide (of 24), its kind, its unit, and its queries with the text of their legend. */
const number = (title, expr, unit = "short", worst = null) => panel("stat", 6, title, unit, [[expr, ""]], worst);
const lines = (title, unit, ...queries) => panel("timeseries", 12, title, unit, queries);
const bars = (title, unit, ...queries) => ({ ...panel("timeseries", 12, title, unit, queries), stacked: true });

function panel(type, width, title, unit, queries, worst = null) {
  return { type, width, title, unit, queries, worst };
}

const own = 'provider=~"$provider"';

const dashboards = {
  overview: {
    title: "Evertoken: overview",
    panels: [
      number("Connections that work", 'sum(max by (provider, status) (evertoken_connections{status="connected"}))'),
      number(
        "Wait for their user",
        'sum(max by (provider, status) (evertoken_connections{status="needs_reauth"}))',
        "short",
        1,
      ),
      number("Registrations stopped", "sum(max by (provider, registration) (evertoken_circuit_open))", "short", 1),
      number("Oldest late refresh", 'max(evertoken_queue_oldest_overdue_seconds{queue=~"refresh-.+"})', "s", 60),
      bars("Refreshes by outcome", "ops", ["sum by (outcome) (evertoken:refreshes:rate5m)", "{{outcome}}"]),
      lines("Succeeded, by provider", "percentunit", ["evertoken:refreshes_granted:ratio15m", "{{provider}}"]),
      lines("Late by (99 %)", "s", ["max by (provider) (evertoken:refresh_lateness_seconds:p99_5m)", "{{provider}}"]),
      lines("Tokens that end soon", "short", ["max by (provider) (evertoken_tokens_expiring_soon)", "{{provider}}"]),
      lines("Events that wait", "short", ["max by (kind) (evertoken_webhook_deliveries_pending)", "{{kind}}"]),
      lines("Refused by API and dashboard", "ops", [
        "max by (action, code) (rate(evertoken_refusals_total[$__rate_interval]))",
        "{{action}} {{code}}",
      ]),
    ],
  },
  provider: {
    title: "Evertoken: one provider",
    variable: { name: "provider", label: "Provider", query: "label_values(evertoken_connections, provider)" },
    panels: [
      number("Connections", `sum(max by (provider, status) (evertoken_connections{${own}}))`),
      number(
        "Wait for their user",
        `sum(max by (provider, status) (evertoken_connections{${own}, status="needs_reauth"}))`,
        "short",
        1,
      ),
      number("Stopped", `sum(max by (provider, registration) (evertoken_circuit_open{${own}}))`, "short", 1),
      number("Succeed", `min(evertoken:refreshes_granted:ratio15m{${own}})`, "percentunit"),
      bars("Answers by outcome", "ops", [
        `sum by (outcome) (rate(evertoken_refreshes_total{${own}}[$__rate_interval]))`,
        "{{outcome}}",
      ]),
      bars("Refreshes by what asked for them", "ops", [
        `sum by (trigger) (rate(evertoken_refreshes_total{${own}}[$__rate_interval]))`,
        "{{trigger}}",
      ]),
      lines(
        "How long it takes to answer",
        "s",
        [
          `histogram_quantile(0.5, sum by (le) (rate(evertoken_refresh_duration_seconds_bucket{${own}}[$__rate_interval])))`,
          "half of them",
        ],
        [
          `histogram_quantile(0.99, sum by (le) (rate(evertoken_refresh_duration_seconds_bucket{${own}}[$__rate_interval])))`,
          "99 %",
        ],
      ),
      lines("Late by (99 %)", "s", [
        `max by (provider) (evertoken:refresh_lateness_seconds:p99_5m{${own}})`,
        "{{provider}}",
      ]),
      lines("Connections by status", "short", [`max by (status) (evertoken_connections{${own}})`, "{{status}}"]),
      lines("Jobs", "short", [
        'max by (queue, state) (evertoken_queue_jobs{queue=~"refresh-($provider)"})',
        "{{queue}} {{state}}",
      ]),
    ],
  },
  worker: {
    title: "Evertoken: workers and schedulers",
    panels: [
      number("Workers", 'sum(up{job="evertoken-worker"})'),
      number("Schedulers", 'sum(up{job="evertoken-scheduler"})'),
      number("Reconcile ended", 'min(evertoken_maintenance_age_seconds{task="reconcile"})', "s", 300),
      number("Spool entries set aside", "sum(evertoken_spool_set_aside)", "short", 1),
      lines("Refreshes by worker", "ops", [
        "sum by (instance) (rate(evertoken_refreshes_total[$__rate_interval]))",
        "{{instance}}",
      ]),
      lines("Requests in flight, as an average", "short", [
        "sum by (instance) (rate(evertoken_refresh_duration_seconds_sum[$__rate_interval]))",
        "{{instance}}",
      ]),
      lines("Due and waiting", "short", [
        'max by (queue) (evertoken_queue_jobs{state=~"waiting|prioritized"})',
        "{{queue}}",
      ]),
      lines("Oldest due job", "s", ["max by (queue) (evertoken_queue_oldest_overdue_seconds)", "{{queue}}"]),
      lines("Since each task ended", "s", ["min by (task) (evertoken_maintenance_age_seconds)", "{{task}}"]),
      lines("What the last runs did", "short", [
        "max by (task, count) (evertoken_maintenance_last_run)",
        "{{task}} {{count}}",
      ]),
    ],
  },
  business: {
    title: "Evertoken: customers",
    panels: [
      number("Connections", "sum(max by (provider, status) (evertoken_connections))"),
      number(
        "Share that works",
        'sum(max by (provider, status) (evertoken_connections{status="connected"})) / sum(max by (provider, status) (evertoken_connections{status!="disconnected"}))',
        "percentunit",
      ),
      number("New in 7 days", "sum(evertoken:connections:max) - sum(evertoken:connections:max offset 7d)"),
      number("Tokens kept alive in 24 h", 'sum(increase(evertoken_refreshes_total{outcome="granted"}[24h]))'),
      bars("Connections by provider", "short", ["sum by (provider) (evertoken:connections:max)", "{{provider}}"]),
      bars("Wait for their user", "short", [
        'sum by (provider) (evertoken:connections:max{status="needs_reauth"})',
        "{{provider}}",
      ]),
      lines("Share that works, by provider", "percentunit", [
        'sum by (provider) (evertoken:connections:max{status="connected"}) / sum by (provider) (evertoken:connections:max{status!="disconnected"})',
        "{{provider}}",
      ]),
      bars("Events delivered", "ops", [
        "sum by (kind, outcome) (rate(evertoken_webhook_deliveries_total[$__rate_interval]))",
        "{{kind}} {{outcome}}",
      ]),
    ],
  },
};

function toDashboard(id, { title, variable, panels }) {
  let [x, y] = [0, 0];
  const placed = panels.map((each, index) => {
    const height = each.type === "stat" ? 4 : 8;
    if (x + each.width > 24) [x, y] = [0, y + (panels[index - 1]?.type === "stat" ? 4 : 8)];
    const place = { x, y, w: each.width, h: height };
    x += each.width;
    return toPanel(index + 1, each, place);
  });
  return {
    uid: `evertoken-${id}`,
    title,
    tags: ["evertoken"],
    schemaVersion: 39,
    editable: true,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    timezone: "browser",
    links: [{ type: "dashboards", tags: ["evertoken"], title: "Evertoken", asDropdown: true, keepTime: true }],
    templating: { list: [sourceVariable, ...(variable === undefined ? [] : [toVariable(variable)])] },
    panels: placed,
  };
}

const sourceVariable = { name: "source", label: "Prometheus", type: "datasource", query: "prometheus" };

const toVariable = ({ name, label, query }) => ({
  ...{ name, label, type: "query", datasource: source, query, refresh: 2, sort: 1 },
  ...{ multi: true, includeAll: true, allValue: ".+" },
});

function toPanel(id, { type, title, unit, queries, worst, stacked = false }, gridPos) {
  const steps = [{ color: "green", value: null }, ...(worst === null ? [] : [{ color: "red", value: worst }])];
  const custom =
    type === "stat"
      ? {}
      : { custom: { fillOpacity: stacked ? 40 : 5, stacking: { mode: stacked ? "normal" : "none" } } };
  return {
    ...{ id, type, title, gridPos, datasource: source },
    fieldConfig: { defaults: { unit, thresholds: { mode: "absolute", steps }, ...custom }, overrides: [] },
    options:
      type === "stat"
        ? { reduceOptions: { calcs: ["lastNotNull"] }, colorMode: "value" }
        : { tooltip: { mode: "multi", sort: "desc" } },
    targets: queries.map(([expr, legendFormat], index) => ({
      ...{ refId: String.fromCharCode(65 + index), datasource: source, expr, legendFormat },
    })),
  };
}

const folder = process.argv[2] ?? fileURLToPath(new URL("dashboards", import.meta.url));
for (const [id, dashboard] of Object.entries(dashboards)) {
  writeFileSync(join(folder, `${id}.json`), `${JSON.stringify(toDashboard(id, dashboard), null, 2)}\n`);
}
