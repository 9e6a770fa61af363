import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { readConfig } from "@evertoken/adapters";
import { afterAll, expect, test } from "vitest";
import { closedPort } from "../support/closed-port.ts";
import { parseYaml } from "../support/parse-yaml.ts";
import { root } from "./docs-pages.ts";

const text = (file: string) => readFileSync(join(root, file), "utf8");
const folder = mkdtempSync(join(tmpdir(), "evertoken-deploy-"));
afterAll(() => rmSync(folder, { recursive: true }));

const settings = [...text(".env.example").matchAll(/^#?([A-Z_<>]+)=/gm)].map(([, name = ""]) => name);

/** Whether there is such a setting, as it is or as the path of a file. */
function isSetting(name: string): boolean {
  const plain = name.replace(/_FILE$/, "");
  const ofProvider = settings
    .filter((each) => each.startsWith("<PROVIDER>"))
    .map((each) => each.replace("<PROVIDER>", ""));
  return settings.includes(plain) || name === "NODE_ENV" || ofProvider.some((end) => plain.endsWith(end));
}

const processes = ["worker", "scheduler", "api", "dashboard"];
const { config } = readConfig({}, () => "");

test("the package and the image have the entry points that are started", () => {
  const packed = text("scripts/build/evertoken.config.mjs");
  for (const file of ["bin/evertoken.js", "bin/healthcheck.js"]) expect(packed).toContain(`"${file}"`);
  const started = globSync("deploy/{systemd/*.service,cron/*,ecosystem.config.cjs}", { cwd: root });
  expect(started).toHaveLength(5);
  for (const file of started) expect(text(file), file).toContain("node_modules/evertoken/bin/evertoken.js");
});

test("each setting that a file of deploy/ gives exists", () => {
  const given = [
    ...globSync("deploy/systemd/**/*.{service,conf}", { cwd: root }).flatMap((file) =>
      [...text(file).matchAll(/^Environment=(.+)$/gm)].flatMap(([, line = ""]) =>
        line.split(" ").map((each) => each.split("=")[0] as string),
      ),
    ),
    ...manifests().flatMap(({ settings: given }) => Object.keys(given)),
    ...Object.keys(pm2().apps[0]?.env ?? {}),
  ];
  expect(given.length).toBeGreaterThan(20);
  expect([...new Set(given)].filter((name) => !isSetting(name))).toEqual([]);
});

test("every secret can be given as a file", () => {
  const secrets = [...text(".env.example").matchAll(/^# \(secret\).*\n(?:#[ ].*\n)*#?([A-Z_]+)=/gm)].map(
    ([, name = ""]) => name,
  );
  expect(secrets.length).toBeGreaterThan(8);
  for (const name of secrets) {
    const read: string[] = [];
    readConfig({ [`${name}_FILE`]: "/run/x" }, (path) => `${read.push(path)}`);
    expect(read, name).toEqual(["/run/x"]);
  }
});

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

test.skipIf(!hasSystemd)("systemd takes the units, for each process (skipped where there is no systemd)", () => {
  cpSync(join(root, "deploy/systemd"), folder, { recursive: true });
  const units = globSync(join(folder, "*.service")).filter((file) => !file.includes("@"));
  for (const name of processes) cpSync(join(folder, "evertoken@.service"), join(folder, `evertoken@${name}.service`));
  // It looks whether what is started is there.
  const all = globSync(join(folder, "*.service"));
  for (const file of all) writeFileSync(file, readFileSync(file, "utf8").replaceAll("/usr/bin/node", process.execPath));
  const asked = [
    ...units,
    ...processes.map((name) => join(folder, `evertoken@${name}.service`)),
    join(folder, "evertoken-doctor.timer"),
  ];
  const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", ...asked], {
    encoding: "utf8",
  });
  expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: "" });
});

test("whoever stops a process gives it the time that it needs", () => {
  const needed = config.shutdownMs / 1000;
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(text("deploy/systemd/evertoken@.service"))?.[1])).toBeGreaterThan(
    needed,
  );
  for (const { args, kill_timeout: ms } of pm2().apps) expect(ms, args).toBeGreaterThan(config.shutdownMs);
  const pods = manifests().filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet");
  expect(pods.map(({ pod }) => pod?.containers[0]?.args[0]).sort()).toEqual([...processes].sort());
  for (const { pod, name } of pods) expect(pod?.terminationGracePeriodSeconds, name).toBeGreaterThan(needed);
});

test("pm2 starts every process", () => {
  expect(
    pm2()
      .apps.map(({ args }) => args)
      .sort(),
  ).toEqual([...processes].sort());
});

function pm2(): { apps: { args: string; kill_timeout: number; env: Record<string, string> }[] } {
  const module = { exports: {} };
  new Function("module", text("deploy/ecosystem.config.cjs"))(module);
  return module.exports as ReturnType<typeof pm2>;
}

interface Pod {
  readonly terminationGracePeriodSeconds?: number;
  readonly volumes: { readonly name: string }[];
  readonly containers: {
    readonly args: string[];
    readonly env?: { readonly name: string; readonly value: string }[];
    readonly ports?: { readonly name: string; readonly containerPort: number }[];
    readonly volumeMounts: { readonly name: string; readonly mountPath: string }[];
  }[];
}

/** Every object of the base and of the overlay. */
function manifests() {
  return globSync("deploy/kubernetes/**/*.yaml", { cwd: root }).flatMap((file) =>
    parseYaml(text(file)).map((given) => {
      // biome-ignore lint/suspicious/noExplicitAny: as the file has it
      const object = given as any;
      const pod: Pod | undefined = object.spec?.template?.spec;
      const env = Object.fromEntries((pod?.containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
      const data: Record<string, string> = object.kind === "ConfigMap" ? object.data : {};
      return {
        file,
        object,
        pod,
        kind: object.kind as string,
        name: object.metadata?.name as string,
        settings: { ...data, ...env },
      };
    }),
  );
}

test("each manifest is what its schema says", async () => {
  const objects = manifests().filter(({ kind }) => kind !== "Kustomization");
  expect(objects.length).toBeGreaterThan(14);
  for (const { file, object } of objects) {
    const schema = `node_modules/kubernetes-models/${object.apiVersion}/${object.kind}.js`;
    const { [object.kind]: Model } = await import(join(root, schema));
    expect(() => new Model(object).validate(), `${file}: ${object.kind}`).not.toThrow();
    const wrong = new Model({ ...object, metadata: { name: 7 } });
    expect(() => wrong.validate()).toThrow();
  }
});

test("kustomizations name every file beside them, and every process is asked on the port where it listens", () => {
  for (const file of globSync("deploy/kubernetes/**/kustomization.yaml", { cwd: root })) {
    const [{ resources, patches = [] }] = parseYaml(text(file)) as [
      { resources: string[]; patches?: { path: string }[] },
    ];
    const named = [...resources, ...patches.map(({ path }) => path)].filter((each) => each.endsWith(".yaml"));
    const there = globSync(join(root, file, "../*.yaml")).map((each) => basename(each));
    expect([...named, "kustomization.yaml"].sort(), file).toEqual(there.sort());
    for (const each of resources) expect(existsSync(join(root, file, "..", each)), each).toBe(true);
  }
  const ports = {
    worker: config.workerPort,
    scheduler: config.schedulerPort,
    api: config.api.port,
    dashboard: config.dashboard.port,
  };
  for (const { pod, kind } of manifests()) {
    if (pod === undefined || kind === "Job") continue;
    const [{ args, ports: [port] = [] } = { args: [] }] = pod.containers;
    expect(port?.containerPort, args[0]).toBe(ports[args[0] as keyof typeof ports]);
  }
});

test("each pod gets a whole configuration, and every secret that it reads is mounted", () => {
  const shared = manifests().find(({ kind, file }) => kind === "ConfigMap" && file.includes("/base/"))?.settings ?? {};
  const secrets: Record<string, string> = {
    DATABASE_URL: "postgresql://e@postgres/e",
    REDIS_URL: "redis://redis",
    ENCRYPTION_KEY: randomBytes(32).toString("hex"),
    EVERTOKEN_API_KEY: "k".repeat(32),
    DASHBOARD_PASSWORD: "lantern orchid gravel",
  };
  for (const { pod, name, settings: own, kind } of manifests()) {
    if (pod === undefined || kind === "Job") continue;
    const mounts = pod.containers[0]?.volumeMounts ?? [];
    const read: string[] = [];
    const { faults } = readConfig({ ...shared, ...own }, (path) => {
      read.push(path);
      return secrets[basename(path)] ?? "";
    });
    expect(faults, name).toEqual([]);
    expect(read.length).toBeGreaterThan(2);
    for (const path of [...read, `${shared.SPOOL_DIR}/x`, "/tmp/x"]) {
      expect(
        mounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`)),
        `${name}: ${path}`,
      ).toBe(true);
    }
  }
});

const hasKubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;

test.skipIf(!hasKubectl)("kustomize builds the overlay (skipped where there is no kubectl)", () => {
  const place = join(root, "deploy/kubernetes/overlays/production");
  const { status, stdout, stderr } = spawnSync("kubectl", ["kustomize", place], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain("image: registry.example.com/evertoken:");
  expect(stdout).toContain("HUBSPOT_CLIENT_ID: your-client-id");
});

test("the image asks whichever process runs in it, and nobody else", async () => {
  expect(text("Dockerfile")).toMatch(/^HEALTHCHECK .*CMD \["node", "bin\/healthcheck.js"\]$/m);
  let status = 200;
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/readyz" ? status : 404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const closed = String(await closedPort());
  const ports = { DASHBOARD_PORT: closed, WORKER_PORT: closed, SCHEDULER_PORT: closed, API_PORT: closed };
  const ask = (env: object) =>
    new Promise((resolve) => {
      const script = join(root, "packages/cli/bin/healthcheck.js");
      spawn(process.execPath, [script], { env: { ...ports, ...env } }).once("close", resolve);
    });
  const worker = { WORKER_PORT: String((server.address() as AddressInfo).port) };
  expect(await ask({})).toBe(1);
  expect(await ask(worker)).toBe(0);
  status = 503;
  expect(await ask(worker)).toBe(1);
  server.close();
});
