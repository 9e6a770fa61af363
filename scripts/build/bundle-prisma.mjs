/**
 * Prisma's client as a part of a bundle that others may bundle again, into CommonJS as well, where `import.meta.url` is empty: Node's own
 * modules are asked for without a path. And no name of ours, such as the `__dirname` that it wants only beside its engines, becomes
 * global in an app.
 */
export function bundlePrisma() {
  return {
    name: "bundle-prisma",
    transform(code, id) {
      if (id.endsWith("/@prisma/client/runtime/client.js")) {
        return code.replaceAll(/\brequire\("(node:[\w/]+)"\)/g, 'process.getBuiltinModule("$1")');
      }
      if (!id.endsWith("/prisma/generated/client.ts")) return null;
      return code.replace(/^globalThis\['__dirname'\] = .*$/m, "");
    },
  };
}
