import manifest from "../package.json" with { type: "json" };

export const ownVersion: string = manifest.version;

/** The first server that has all that this client asks for. */
export const oldestServer = "0.2.0";

/** `0.10.0-rc.1` is not older than `0.9.2`; what says no version is older than any. */
export function isTooOld(version: string | null): boolean {
  if (version === null) return true;
  const [found, needed] = [partsOf(version), partsOf(oldestServer)];
  const differing = needed.findIndex((part, index) => part !== found[index]);
  return differing >= 0 && !((found[differing] ?? 0) > (needed[differing] ?? 0));
}

const partsOf = (version: string) => version.split(/[.-]/, 3).map(Number);
