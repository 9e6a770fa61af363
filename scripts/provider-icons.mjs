// Writes apps/api/src/pages/provider-icons.ts from Simple Icons: the signs of the providers of the box that it has, and nothing else.
//
//   npm pack simple-icons@16.37.0 && tar xf simple-icons-16.37.0.tgz && node scripts/provider-icons.mjs package
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("name the folder of simple-icons");
const root = fileURLToPath(new URL("..", import.meta.url));

/** Where the two call them otherwise. */
const names = {
  "github-app": "github",
  "github-oauth-app": "github",
  "github-pat": "github",
  "google-business-profile": "google",
  "google-ads": "googleads",
  "google-calendar": "googlecalendar",
  "google-drive": "googledrive",
  "stripe-apps": "stripe",
  "stripe-connect": "stripe",
};

const slugOf = (title) => title.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
/** Of those with a licence of their own only the ones that ask for nothing. */
const listed = JSON.parse(readFileSync(join(folder, "data/simple-icons.json"), "utf8"));
const own = new Map(listed.map(({ title, slug = slugOf(title), license }) => [slug, license?.type ?? "CC0-1.0"]));

const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
const entries = globSync(join(root, "packages/providers/src/catalogue/*.ts"))
  .map((file) => basename(file, ".ts"))
  .sort()
  .flatMap((id) => {
    const slug = names[id] ?? id.replaceAll("-", "");
    const file = join(folder, "icons", `${slug}.svg`);
    if (!existsSync(file) || own.get(slug) !== "CC0-1.0") return [];
    const [, path] = / d="([^"]+)"/.exec(readFileSync(file, "utf8")) ?? [];
    return path === undefined ? [] : [`  ${/-/.test(id) ? JSON.stringify(id) : id}:\n    "${path}",`];
  });

writeFileSync(
  join(root, "apps/api/src/pages/provider-icons.ts"),
  `// Made by scripts/provider-icons.mjs from Simple Icons ${version} (${license}): see docs/guides/connecting-accounts.md.

/** Paths of 24 by 24, by the provider's id. Their owners' trademarks, shown in one colour to say which service is meant. */
export const providerIcons: Readonly<Record<string, string>> = {
${entries.join("\n")}
};
`,
);
