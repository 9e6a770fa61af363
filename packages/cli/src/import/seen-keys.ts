import { createHash } from "node:crypto";
import type { Place } from "./row.ts";

/**
 * Where in a file each key stood first: 16 bytes a slot, at most half of them taken, however long the keys are. Two keys are taken for one when
 * 64 bits of their SHA-256 agree: among ten million, once in 400,000 files.
 */
export class SeenKeys {
  #hashes = new BigUint64Array(1024);
  #lines = new Uint32Array(1024);
  /** 0: its line says it all. */
  #items = new Uint32Array(1024);
  #count = 0;

  /** @returns where the key stands already, or null: then it is noted */
  add(key: string, place: Place): Place | null {
    if (this.#count * 2 >= this.#hashes.length) this.#grow();
    // 0 marks an empty slot.
    const hash = createHash("sha256").update(key).digest().readBigUInt64LE() || 1n;
    const at = this.#slot(hash);
    if (this.#hashes[at] === hash) return this.#placeAt(at);
    this.#hashes[at] = hash;
    this.#lines[at] = place.line;
    this.#items[at] = place.item ?? 0;
    this.#count++;
    return null;
  }

  #placeAt(at: number): Place {
    const [line, item] = [this.#lines[at] as number, this.#items[at] as number];
    return item === 0 ? { line } : { line, item };
  }

  #slot(hash: bigint): number {
    const mask = this.#hashes.length - 1;
    let at = Number(hash & 0xffffffffn) & mask;
    while (this.#hashes[at] !== 0n && this.#hashes[at] !== hash) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const [hashes, lines, items] = [this.#hashes, this.#lines, this.#items];
    this.#hashes = new BigUint64Array(hashes.length * 2);
    this.#lines = new Uint32Array(hashes.length * 2);
    this.#items = new Uint32Array(hashes.length * 2);
    for (let index = 0; index < hashes.length; index++) {
      const hash = hashes[index] as bigint;
      if (hash === 0n) continue;
      const at = this.#slot(hash);
      this.#hashes[at] = hash;
      this.#lines[at] = lines[index] as number;
      this.#items[at] = items[index] as number;
    }
  }
}
