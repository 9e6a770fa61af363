import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { readConfig } from "@evertoken/adapters";
import { expect, test } from "vitest";
import { parseYaml } from "../support/parse-yaml.ts";
import { programFile } from "../support/programs.ts";
import { root } from "./docs-pages.ts";

interface Service {
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly volumes?: readonly string[];
  readonly stop_grace_period?: string;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** Where Docker is installed, its own parser has a say as well. */
const [compose] = parseYaml(readFileSync(join(root, "docker-compose.yml"), "utf8")) as [Compose];
const ours = Object.entries(compose.services).filter(([, { build }]) => build !== undefined);
const apps = ours.filter(([name]) => name !== "migrate");
const text = (file: string) => readFileSync(join(root, file), "utf8");

const secrets = {
  POSTGRES_PASSWORD: "p".repeat(24),
  REDIS_PASSWORD: "r".repeat(24),
  ENCRYPTION_KEY: randomBytes(32).toString("hex"),
  DASHBOARD_PASSWORD: "d".repeat(24),
  EVERTOKEN_API_KEY: "k".repeat(32),
};

/** `${NAME:?why}` as compose fills it in. */
function filled({ environment = {} }: Service): Record<string, string> {
  const fill = (value: string) => value.replace(/\$\{(\w+):\?[^}]*\}/g, (_, name) => secrets[name as "ENCRYPTION_KEY"]);
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, fill(`${value}`)]));
}

const composePlugin = spawnSync("docker", ["compose", "version"], { encoding: "utf8" });

test.skipIf(composePlugin.status !== 0)("docker compose takes the file", () => {
  const env = { ...process.env, ...secrets };
  const { status, stderr } = spawnSync("docker", ["compose", "config", "-q"], { cwd: root, env, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test("it runs Postgres, Redis, the migration and every app but the demo", () => {
  const folders = globSync("*/src/main.ts", { cwd: join(root, "apps") }).map((file) => file.split("/")[0] as string);
  const expected = ["postgres", "redis", "migrate", ...folders.filter((name) => name !== "demo")];
  expect(Object.keys(compose.services).sort()).toEqual(expected.sort());
});

test.each(ours)("%s is a command of the image's program", (name, { command = [] }) => {
  expect(command).toEqual([name]);
  expect(text("Dockerfile")).toContain('ENTRYPOINT ["node", "bin/evertoken.js"]');
  const { status, stdout } = spawnSync(process.execPath, [programFile("evertoken"), "help", name]);
  expect({ status, usage: String(stdout) }).toEqual({
    status: 0,
    usage: expect.stringContaining(`Usage: evertoken ${name} `),
  });
});

test.each(ours)("%s gets settings that exist, with values that are right", (name, service) => {
  const known = [...text(".env.example").matchAll(/^#?([A-Z_]+)=/gm)].map(([, setting]) => setting);
  expect(Object.keys(service.environment ?? {}).filter((setting) => !known.includes(setting))).toEqual([]);
  const { faults } = readConfig(filled(service), () => "");
  const own = name === "migrate" ? faults.filter((fault) => fault.startsWith("DATABASE_URL")) : faults;
  expect(own).toEqual([]);
});

test.each(apps)("%s is looked after on the port where it listens, and may finish what it does", (name, service) => {
  const { config } = readConfig(filled(service), () => "");
  const { dashboard, api, healthHost, workerPort, schedulerPort } = config;
  const places: Record<string, { host: string; port: number }> = {
    ...{ dashboard, api },
    worker: { host: healthHost, port: workerPort },
    scheduler: { host: healthHost, port: schedulerPort },
  };
  const { host, port } = places[name] ?? {};
  // The image asks: see deploy.test.ts.
  expect(service.healthcheck).toBeUndefined();
  expect(text("packages/cli/bin/healthcheck.js")).toContain(`${name.toUpperCase()}_PORT = ${port}`);
  expect(host).toBe("0.0.0.0");
  expect(Number.parseInt(service.stop_grace_period ?? "0", 10) * 1000).toBeGreaterThan(config.shutdownMs);
});

test("Redis takes commands from nobody without its password", () => {
  const { command = [], environment = {} } = compose.services.redis ?? {};
  expect(command.join(" ")).toMatch(/ --requirepass \$\{REDIS_PASSWORD:\?[^}]+\}$/);
  expect(environment.REDISCLI_AUTH).toMatch(/^\$\{REDIS_PASSWORD:/);
  for (const [, service] of apps)
    expect(filled(service).REDIS_URL).toBe(`redis://:${secrets.REDIS_PASSWORD}@redis:6379`);
});

test.each(apps)("%s shares the spool, on a volume", (_, service) => {
  const { SPOOL_DIR } = filled(service);
  expect(service.volumes).toContain(`spool:${SPOOL_DIR}`);
  expect(Object.keys(compose.volumes)).toContain("spool");
});

test.each(apps)("%s waits for the migration and for Redis", (_, { depends_on = {} }) => {
  expect(depends_on).toMatchObject({
    migrate: { condition: "service_completed_successfully" },
    redis: { condition: "service_healthy" },
  });
});

test("no secret has a default", () => {
  const used = [...text("docker-compose.yml").matchAll(/^\s+[A-Z_]+: .*\$\{(\w+)(.*?)\}/gm)];
  expect([...new Set(used.map(([, name]) => name))].sort()).toEqual(Object.keys(secrets).sort());
  expect(used.filter(([, , rest]) => !rest?.startsWith(":?"))).toEqual([]);
});

test("each process gets the secrets that it needs, whatever stands in .env, and no others", () => {
  const named = [...text(".env.example").matchAll(/^# \(secret\).*\n(?:#[ ].*\n)*#?([A-Z_]+)=/gm)].map(
    ([, name]) => `${name}`,
  );
  expect(named).toEqual(expect.arrayContaining(["ENCRYPTION_KEY", "DASHBOARD_OIDC_CLIENT_SECRET", "SMTP_URL"]));
  const messages = ["SLACK_WEBHOOK_URL", "DISCORD_WEBHOOK_URL", "SMTP_URL"];
  const ofDashboard = named.filter((name) => name.startsWith("DASHBOARD_"));
  const tls = ["REDIS_TLS_CA", "REDIS_TLS_CERT", "REDIS_TLS_KEY"];
  const all = ["DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEY", ...tls];
  const given = (service: Service) =>
    named.filter((name) => ({ ...Object.fromEntries(named.map((one) => [one, "set"])), ...service.environment })[name]);
  expect(Object.fromEntries(apps.map(([name, service]) => [name, given(service).sort()]))).toEqual({
    worker: [...all, ...messages].sort(),
    scheduler: [...all].sort(),
    api: [...all, ...messages, "EVERTOKEN_API_KEY"].sort(),
    dashboard: [...all, ...ofDashboard].sort(),
  });
});

test("Redis gets our settings", () => {
  const { command = [], volumes = [] } = compose.services.redis as Service;
  expect(volumes).toContain(`./deploy/redis.conf:${command[1]}:ro`);
  expect(existsSync(join(root, "deploy/redis.conf"))).toBe(true);
});

/** Whether .dockerignore leaves a file: the last line that names it, or a folder above it, decides. */
function isSent(file: string): boolean {
  const above = file.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/"));
  const lines = text(".dockerignore")
    .split("\n")
    .filter((line) => line !== "");
  const deciding = lines.findLast((line) => above.some((path) => matchesGlob(path, line.replace(/^!/, ""))));
  return deciding === undefined || deciding.startsWith("!");
}

test("the image installs every workspace, and runs as nobody special", () => {
  const dockerfile = text("Dockerfile");
  const { workspaces } = JSON.parse(text("package.json")) as { workspaces: string[] };
  const packages = workspaces.flatMap((pattern) => globSync(`${pattern}/package.json`, { cwd: root }));
  expect(packages.length).toBeGreaterThan(15);
  expect(packages.filter((file) => !isSent(file))).toEqual([]);
  expect(["prisma/schema.prisma", "deploy/redis.conf", "scripts/node-24.mjs"].filter((file) => !isSent(file))).toEqual(
    [],
  );
  expect([".env", ".git/config", "node_modules/pg/index.js", "apps/api/node_modules/x/y"].filter(isSent)).toEqual([]);
  expect(dockerfile).toMatch(/^COPY \. \.\nRUN npm ci\n/m);
  expect(dockerfile).toMatch(/^USER node$/m);
  // What compiles, tests and builds stays in the first stage.
  expect(dockerfile).toMatch(/npm ci --omit=dev /);
  const [, , last = ""] = dockerfile.split(/^FROM /m);
  expect([...last.matchAll(/^COPY (.+)$/gm)].map(([, what]) => what)).toEqual([
    "--from=build /app/node_modules node_modules",
    "--from=build /app/packages/cli/dist .",
  ]);
  expect(dockerfile).toMatch(/^FROM node:24-slim$/m);
});

test("nothing secret and nothing big is sent to the image's build", () => {
  const ignored = text(".dockerignore").split("\n");
  expect(ignored).toEqual(expect.arrayContaining([".env", ".evertoken", "node_modules", ".git"]));
});
