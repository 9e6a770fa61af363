import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { catalogue } from "./catalogue/index.ts";
import { describeProvider, inWords } from "./describe-provider.ts";
import type { Provider } from "./provider.ts";

/** Where the page is kept. A test fails when it is stale. */
const page = fileURLToPath(new URL("../../../docs/providers/catalogue.md", import.meta.url));

const head = `# Providers in the box

<!-- Written by packages/providers/src/catalogue-page.ts from the provider files: run it instead of editing. -->

`;

const legend = `
- **Token lives**: what counts when an answer states no lifetime; the answer wins where it states one.
- **Margin**: how long before the end a refresh is due, where the provider's file asks for another than the operator's
  (\`REFRESH_MARGIN_MS\`, 5 minutes). A token that lives less than twice its margin is due at half its life.
- **Rotation**: *spent* means that the old refresh token is worth nothing once a new one was given out.
- **Offline access**: what a consent needs so that access survives the user's absence. Empty: nothing.
`;

/** The catalogue as a table, with what could not be confirmed below it. */
export function cataloguePage(providers: readonly Provider[]): string {
  const refreshed = providers.filter(({ policy }) => policy.spends !== "nothing").length;
  const count = `${providers.length} providers, ${refreshed} of them with tokens that are refreshed.\n`;
  return [head, count, legend, "\n", table(providers), "\n", unconfirmed(providers)].join("");
}

function table(providers: readonly Provider[]): string {
  const columns = [
    "Provider",
    "Id",
    "Token lives",
    "Margin",
    "Rotation",
    "Refresh token ends",
    "Offline access",
    "PKCE",
  ];
  const rows = providers.map((provider) => {
    const { name, id, docs, offlineAccess, pkce, refreshTokenEnd } = describeProvider(provider);
    const { policy } = provider;
    return [
      `[${name}](${docs})`,
      `\`${id}\``,
      policy.lifetimeSeconds === null ? "no end stated" : inWords(policy.lifetimeSeconds),
      policy.marginSeconds === null ? "" : inWords(policy.marginSeconds),
      rotation(policy),
      refreshTokenEnd ?? "",
      offlineAccess === null ? "" : `\`${offlineAccess}\``,
      pkce,
    ];
  });
  return [columns, columns.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function rotation({ spends, rotation }: Provider["policy"]): string {
  if (spends === "nothing") return "not refreshed";
  if (spends === "access_token") return "exchanged";
  switch (rotation.kind) {
    case "none":
      return "none";
    case "grace":
      return `old one works ${inWords(rotation.graceSeconds)}`;
    case "single_use":
      return "spent";
    default:
      return rotation satisfies never;
  }
}

function unconfirmed(providers: readonly Provider[]): string {
  const lines = providers.flatMap((provider) => {
    const missing = provider.undocumented.map(
      (kind) => `what *${kind}* looks like: such an answer is *unknown* until somebody sees one`,
    );
    return [...provider.unconfirmed, ...missing].map((what) => `- **${provider.name}**: ${what}\n`);
  });
  return `## Not confirmed\n\nStated without a public source, or not known at all.\n\n${lines.join("")}`;
}

/** Whether the page says what the files say. */
export function isStale(): boolean {
  return readFileSync(page, "utf8") !== cataloguePage(catalogue);
}

if (import.meta.main) writeFileSync(page, cataloguePage(catalogue));
