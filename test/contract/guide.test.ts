import { readFileSync } from "node:fs";
import { defineProvider, type Provider } from "@evertoken/providers";
import { httpTrouble, rotated } from "@evertoken/providers/rfc-samples";
import { expect, it } from "vitest";
import { providerCases } from "./provider-cases.ts";

const guide = readFileSync(new URL("../../docs/providers/adding-a-provider.md", import.meta.url), "utf8");

/** The provider that the guide adds, made from the guide's own text. */
function guideProvider(): Provider {
  const [, snippet = ""] = /```ts\n([\s\S]*?)```/.exec(guide) ?? [];
  const body = snippet.replace(/^import .*$/gm, "").replace("export default", "return");
  const make = new Function("defineProvider", "httpTrouble", "rotated", body);
  return make(defineProvider, httpTrouble, rotated) as Provider;
}

const provider = guideProvider();

it("the guide adds a provider whose file would be found", () => {
  expect(guide).toContain(`packages/providers/src/catalogue/${provider.id}.ts`);
  expect(guide.match(/^import .* from "(.*)";$/gm)).toEqual([
    'import { defineProvider } from "../provider.ts";',
    'import { httpTrouble, rotated } from "./shared/rfc-samples.ts";',
  ]);
});

it("the fault that the guide shows is the one that is reported", () => {
  const pattern = { harbour: { pattern: "(", example: "north-bay" } };
  const { readAnswer: _, ...data } = provider;
  expect(() => defineProvider({ ...data, placeholders: pattern })).toThrow(
    "paperboat: placeholders.harbour.pattern: must be a regular expression",
  );
  expect(guide).toContain("paperboat: placeholders.harbour.pattern: must be a regular expression");
});

it.each([
  "TOKEN_URL",
  "AUTHORIZE_URL",
  "CLIENT_AUTH",
  "ROTATION",
  "GRACE_SECONDS",
  "LIFETIME_SECONDS",
  "SCOPES",
  "ISSUER",
])("the guide's setting INTRANET_%s is read", (suffix) => {
  const source = ["custom-providers", "settings"]
    .map((name) => readFileSync(new URL(`../../packages/providers/src/${name}.ts`, import.meta.url), "utf8"))
    .join("");
  expect(guide).toContain(`INTRANET_${suffix}`);
  expect(source).toContain(`"${suffix}"`);
});

providerCases(provider);
