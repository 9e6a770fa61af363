import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { errorCodes } from "@evertoken/client";
import { eventNames } from "@evertoken/core";
import { createMetrics } from "@evertoken/operations";
import { expect, test } from "vitest";
import { programFile } from "../support/programs.ts";
import { pages, readPage, root } from "./docs-pages.ts";

test.each(pages)("the links of %s lead somewhere", (page) => {
  const broken = linksOf(page).filter((link) => !leadsSomewhere(page, link));
  expect(broken).toEqual([]);
});

test("pictures are small, and each is shown", () => {
  const pictures = globSync("docs/images/*", { cwd: root });
  const shown = pages.flatMap((page) => linksOf(page).map((link) => normalize(join(dirname(page), link))));
  expect(pictures.filter((picture) => !shown.includes(picture))).toEqual([]);
  expect(pictures.length).toBeGreaterThan(3);
  for (const picture of pictures) expect(readFileSync(join(root, picture)).length, picture).toBeLessThan(150_000);
});

test.each(pages)("%s has short lines, and no path of somebody's machine", (page) => {
  const text = readPage(page);
  expect(text.split("\n").filter((line) => line.length > 150 && !line.startsWith("|"))).toEqual([]);
  expect(text).not.toMatch(/\/(home|root|Users|work|tmp)\//);
});

test("the runbook quotes what the code really says", () => {
  const source = globSync(
    ["{packages,apps}/*/src/**/*.ts", "prisma/migrations/**/*.sql", "deploy/monitoring/rules.yml"],
    {
      cwd: root,
      exclude: ["**/*.test.ts"],
    },
  )
    .map((file) => readFileSync(join(root, file), "utf8"))
    .join("\n");
  const quoted = seenAs(readPage("docs/guides/runbook.md"));
  expect(quoted.length).toBeGreaterThan(15);
  expect(quoted.filter((text) => !isSaid(text, source))).toEqual([]);
});

test("the providers that a package's own page names are in the box", () => {
  const named = globSync("packages/*/README.md", { cwd: root }).flatMap((page) =>
    [...readPage(page).matchAll(/\bprovider: "([^"]+)"/g)].map(([, id]) => id),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((id) => !existsSync(join(root, `packages/providers/src/catalogue/${id}.ts`)))).toEqual([]);
});

test("every event is described, and none that there is not", () => {
  const described = [...readPage("docs/guides/webhooks.md").matchAll(/^\| `([a-z]+\.[a-z_]+)` \|/gm)].map(
    ([, name]) => name,
  );
  expect(described.toSorted()).toEqual(eventNames.toSorted());
});

test("every metric is described", () => {
  const page = readPage("docs/guides/operating.md");
  const described = [...page.matchAll(/^\| `(evertoken_\w+)` \| (.*?) \|/gm)].map(([, name, labels]) => [name, labels]);
  const { registry, ...metrics } = createMetrics();
  const real = Object.values(metrics).map((metric) => {
    const { name, labelNames } = metric as unknown as { name: string; labelNames: string[] };
    return [name, labelNames.map((label) => `\`${label}\``).join(", ")];
  });
  expect(described).toEqual(real);
  registry.clear();
});

test("every script that the pages name exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const named = pages.flatMap((page) => [...readPage(page).matchAll(/npm run ([a-z:-]+)/g)].map(([, name]) => name));
  expect(named.filter((name) => !((name as string) in scripts))).toEqual([]);
});

test("every setting that the pages name is in .env.example", () => {
  const known = [...readPage(".env.example").matchAll(/^#?([A-Z_<>]+)=/gm)].map(([, name]) => name as string);
  const placeholders = known.filter((name) => name.startsWith("<")).map((name) => name.replace(/^<\w+>/, ""));
  const own = ["APP_URL", "EVERTOKEN_URL", "EVERTOKEN_KEY", "EVERTOKEN_WEBHOOK_SECRET"];
  // Named where an upgrade says that it is not read any more.
  const retired = ["SESSION_SECRET"];
  // Of the channel that the guide adds.
  const added = ["MATTERMOST_WEBHOOK_URL"];
  // Constants of other languages.
  const foreign = ["JSON_THROW_ON_ERROR"];
  const others = [...own, ...retired, ...added, ...foreign, "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "NO_COLOR"];
  const isKnown = (name: string) =>
    known.includes(name) || others.includes(name) || placeholders.some((suffix) => name.endsWith(suffix));
  // As they are, or as an app sets them that embeds the engine; a secret also as a file.
  const forms = (name: string) => [name, name.replace(/^EVERTOKEN_/, ""), name.replace(/_FILE$/, "")];
  const named = pages.flatMap((page) => [...readPage(page).matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g)].map(([name]) => name));
  expect(named.length).toBeGreaterThan(40);
  expect([...new Set(named)].filter((name) => !forms(name).some(isKnown))).toEqual([]);
});

test("every command that the pages name exists", () => {
  const { stdout: help } = spawnSync(process.execPath, [programFile("evertoken"), "--help"], { encoding: "utf8" });
  const commands = [...help.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name);
  const named = pages.flatMap((page) =>
    [...readPage(page).matchAll(/(?:npx |`)evertoken ([a-z][a-z-]*)/g)].map(([, name]) => name),
  );
  expect(named.length).toBeGreaterThan(15);
  expect([...new Set(named)].filter((name) => !commands.includes(name))).toEqual([]);
});

test("every error that an app can get, and every status, is explained", () => {
  const page = readPage("docs/guides/using-the-client.md");
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const explained = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, code]) => code));
  const ofConnections = unionIn("packages/core/src/connection.ts", "ErrorCode");
  const members: string[] = [
    ...ofConnections,
    ...unionIn("packages/core/src/connection.ts", "ConnectionStatus"),
    ...errorCodes.filter((code) => !ofConnections.includes(code)),
  ];
  expect(members.length).toBeGreaterThan(15);
  expect(explained.sort()).toEqual(members.sort());
});

test("every endpoint that the pages name exists", async () => {
  const module = import.meta.resolve("../../apps/api/src/routes.ts");
  const { routes } = (await import(module)) as { routes: { method: string; url: string }[] };
  const known = routes.map(({ method, url }) => `${method} ${url.replaceAll(/:\w+/g, "{}")}`);
  const named = pages.flatMap((page) =>
    [...readPage(page).matchAll(/\b(GET|POST|PUT|PATCH|DELETE) (\/v1\/[\w/{}-]+)/g)].map(
      ([, method, path]) => `${method} ${(path as string).replaceAll(/\{\w+\}/g, "{}")}`,
    ),
  );
  expect(named.length).toBeGreaterThan(20);
  expect([...new Set(named)].filter((name) => !known.includes(name))).toEqual([]);
});

test("every problem that an answer of the API can name is explained, with its status", () => {
  const source = readFileSync(join(root, "apps/api/src/problem.ts"), "utf8");
  const codes = [...source.matchAll(/^ {2}(\w+): \[(\d{3}),/gm)].map(([, code, status]) => ({ code, status }));
  expect(codes.length).toBeGreaterThan(40);
  const rows = readPage("docs/guides/http-api.md").split("\n");
  const connecting = readPage("docs/guides/connecting-accounts.md");
  const unexplained = codes.filter(({ code, status }) => {
    const row = rows.some(
      (line) => line.startsWith("|") && line.includes(`\`${code}\``) && line.includes(status ?? ""),
    );
    return !row && !connecting.includes(`\`${code}\``);
  });
  expect(unexplained).toEqual([]);
});

/** The texts of a union type, read from its source. */
function unionIn(file: string, type: string): string[] {
  const [, body = ""] = new RegExp(`export type ${type} =([^;]*);`).exec(readFileSync(join(root, file), "utf8")) ?? [];
  return [...body.matchAll(/"(\w+)"/g)].map(([, member]) => member as string);
}

const decisions = pages.filter((page) => page.startsWith("docs/decisions/"));

test.each(decisions)("%s says context, decision and consequence", (page) => {
  const number = /decisions\/(\d{4})-/.exec(page)?.[1];
  const text = readPage(page);
  expect(text).toMatch(new RegExp(`^# ${number}\\. `));
  for (const part of ["Context", "Decision", "Consequence"]) expect(text).toContain(`\n**${part}.** `);
});

test("decisions are numbered without a gap", () => {
  const numbers = decisions.map((page) => Number(/(\d{4})-/.exec(page)?.[1]));
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});

function linksOf(page: string): string[] {
  const text = readPage(page).replaceAll(/```[\s\S]*?```/g, "");
  return [...text.matchAll(/\]\(([^)\s]+)\)|\bsrc(?:set)?="([^"]+)"/g)]
    .map(([, link, picture]) => (link ?? picture) as string)
    .filter((link) => !/^https?:/.test(link));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || anchorsOf(readPage(target)).includes(anchor);
}

/** As GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    (title as string)
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

/** What stands between backticks in the paragraphs that begin with "Seen as". */
function seenAs(page: string): string[] {
  const paragraphs = [...page.matchAll(/\*\*Seen as\*\*:([\s\S]*?)\n\n/g)].map(([, text]) => text as string);
  return paragraphs.flatMap((text) => [...text.matchAll(/`([^`]+)`/g)].map(([, quote]) => quote as string));
}

/** An event's line is put together from its name. */
function isSaid(text: string, source: string): boolean {
  return source.includes(text.replace(/^event (?=\w+\.\w+$)/, ""));
}
