import { readdirSync } from "node:fs";
import { dirname } from "node:path";

/** Lists that the sources make by reading a folder: each file but these exports one by default. */
const lists = [
  { of: "/providers/src/catalogue/index.ts", name: "catalogue", notOnes: /^index\./ },
  { of: "/cli/src/import-sources/index.ts", name: "importSources", notOnes: /^(index|source)\./ },
];

/** A bundle has no folder to read, so it imports each file by name. */
export function inlineFolders() {
  return {
    name: "inline-folders",
    load(id) {
      const list = lists.find(({ of }) => id.endsWith(of));
      if (list === undefined) return null;
      const files = readdirSync(dirname(id), { withFileTypes: true })
        .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name) && !list.notOnes.test(entry.name))
        .map((entry) => entry.name)
        .sort();
      const imports = files.map((file, index) => `import item${index} from "./${file}";`);
      return [...imports, `export const ${list.name} = [${files.map((_, index) => `item${index}`).join(", ")}];`].join(
        "\n",
      );
    },
  };
}
