import { fileURLToPath } from "node:url";

const compiled = fileURLToPath(new URL("../../node_modules/.cache/compiled", import.meta.url));

/**
 * What a process that a test starts gets of our own environment. Nothing of the developer's settings; what the check for left processes
 * looks for; and a folder for compiled modules, since a whole run starts some thousand processes of the same few programs.
 */
export function inherited(): Record<string, string> {
  const { PATH = "", HOME = "" } = process.env;
  const markers = Object.entries(process.env).filter(([name]) => name.startsWith("EVERTOKEN_TEST"));
  return { PATH, HOME, NODE_COMPILE_CACHE: compiled, ...(Object.fromEntries(markers) as Record<string, string>) };
}
