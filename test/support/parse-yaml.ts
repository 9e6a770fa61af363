import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const fromRoot = createRequire(fileURLToPath(new URL("../../package.json", import.meta.url)));
/** No parser of ours: knip brings one. */
const { parseAllDocuments } = createRequire(fromRoot.resolve("knip"))("yaml") as {
  parseAllDocuments: (text: string, options: object) => { toJS(): unknown }[];
};

/** Every document of a file. */
export const parseYaml = (text: string): unknown[] =>
  parseAllDocuments(text, { merge: true }).map((document) => document.toJS());
