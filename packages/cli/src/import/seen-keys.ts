import { createHash } from "node:crypto";

/**
 * Where in a file each key stood first: 16 bytes a slot, at most half of them taken, however long the keys are. Two keys are taken for one
 * when 64 bits of their SHA-256 agree: among ten million, once in 400,000 files.
 */
export class SeenKeys {
  #hashes = new BigUint64Array(1024);
  #lines = new Float64Array(1024);
  #count = 0;

  /** @returns the line where the key stands already, or null: then it is noted */
  add(key: string, line: number): number | null {
    if (this.#count * 2 >= this.#hashes.length) this.#grow();
    // 0 marks an empty slot.
    const hash = createHash("sha256").update(key).digest().readBigUInt64LE() || 1n;
    const at = this.#slot(hash);
    if (this.#hashes[at] === hash) return this.#lines[at] as number;
    [this.#hashes[at], this.#lines[at]] = [hash, line];
    this.#count++;
    return null;
  }

  #slot(hash: bigint): number {
    const mask = this.#hashes.length - 1;
    let at = Number(hash & 0xffffffffn) & mask;
    while (this.#hashes[at] !== 0n && this.#hashes[at] !== hash) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const [hashes, lines] = [this.#hashes, this.#lines];
    this.#hashes = new BigUint64Array(hashes.length * 2);
    this.#lines = new Float64Array(hashes.length * 2);
    for (const [index, hash] of hashes.entries()) {
      if (hash === 0n) continue;
      const at = this.#slot(hash);
      [this.#hashes[at], this.#lines[at]] = [hash, lines[index] as number];
    }
  }
}
