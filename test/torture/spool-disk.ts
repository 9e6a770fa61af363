import { execFile } from "node:child_process";
import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The disk of SPOOL_DIR: small where we may mount one, so that it can be full. */
export class SpoolDisk {
  readonly directory: string;
  readonly canFill: boolean;
  readonly #mount: string;
  #locks = 0;

  private constructor(mount: string, canFill: boolean) {
    this.#mount = mount;
    this.directory = join(mount, "spool");
    this.canFill = canFill;
  }

  static async open(mount: string): Promise<SpoolDisk> {
    await mkdir(mount, { recursive: true });
    const mounted = await run("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", mount]).then(
      () => true,
      () => false,
    );
    const disk = new SpoolDisk(mount, mounted);
    await mkdir(disk.directory, { recursive: true });
    return disk;
  }

  /** To the last byte. */
  async fill(): Promise<void> {
    const file = await open(join(this.#mount, "filler"), "w");
    const piece = Buffer.alloc(65_536, "x");
    try {
      for (let size = piece.length; size >= 1; size = Math.floor(size / 2))
        await fillWith(file, piece.subarray(0, size));
    } finally {
      await file.close();
    }
  }

  async free(): Promise<void> {
    await rm(join(this.#mount, "filler"), { force: true });
  }

  /** Nothing can be made there, whoever asks: a file stands in its place. Open files stay open. */
  async lock(): Promise<void> {
    for (let made = false; !made; ) {
      await rename(this.directory, `${this.directory}.away${this.#locks}`);
      // Somebody may make the directory anew in between; that one is moved away as well.
      made = await writeFile(this.directory, "", { flag: "wx" }).then(
        () => true,
        () => false,
      );
      this.#locks += 1;
    }
  }

  async unlock(): Promise<void> {
    await rm(this.directory);
    await mkdir(this.directory, { recursive: true });
    for (; this.#locks > 0; this.#locks -= 1) {
      const away = `${this.directory}.away${this.#locks - 1}`;
      for (const name of await readdir(away)) await rename(join(away, name), join(this.directory, name));
      await rm(away, { recursive: true });
    }
  }

  async close(): Promise<void> {
    if (this.canFill) await run("umount", ["-l", this.#mount]).catch(() => undefined);
  }
}

async function fillWith(file: Awaited<ReturnType<typeof open>>, piece: Buffer): Promise<void> {
  try {
    for (;;) await file.writeFile(piece);
  } catch {
    // Full for a piece of this size.
  }
}
