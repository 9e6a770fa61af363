/**
 * A number in [0, 1) that belongs to an id: FNV-1a with an avalanche step, so that ids that differ in one character land far apart.
 * Deterministic, because a due time that is computed again must come out the same.
 */
export function spreadFraction(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
