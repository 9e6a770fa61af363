import { execFileSync } from "node:child_process";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createJournal, leftJournals, linesAbout } from "./journal.ts";

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "evertoken-journal-")), "spool");
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(join(directory, ".."), { recursive: true, force: true });
});

const fail = (error: unknown) => {
  throw error;
};
const files = () => readdir(directory).catch(() => [] as string[]);
const never = () => false;
const journalTexts = async (of: string) =>
  (await leftJournals(of, Date.now() + 60_000, never)).flatMap(({ lines }) =>
    lines.map((line) => "text" in line && line.text),
  );
const written = (texts: string[]) => vi.waitFor(async () => expect(await journalTexts(directory)).toEqual(texts));

test("what is noted stands in the file, all of a moment in order, also for other processes", async () => {
  const journal = createJournal(directory, fail);
  const texts = Array.from({ length: 100 }, (_, n) => `{"n":${n}}`);
  for (const [n, text] of texts.entries()) journal.note(`name-${n}`, text);
  await written(texts);
  expect(await files()).toHaveLength(1);
});

test("a page goes when its time is over and all of it is struck, and not before", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: false });
  const journal = createJournal(directory, fail);
  journal.note("a", "1");
  journal.note("b", "2");
  await written(["1", "2"]);
  journal.strike("a");
  journal.strike("b");
  journal.note("c", "3");
  await written(["1", "2", "3"]);
  vi.advanceTimersByTime(5000);
  journal.note("d", "4");
  await vi.waitFor(async () => expect(await files()).toHaveLength(2));
  journal.strike("c");
  await written(["4"]);
  vi.advanceTimersByTime(5000);
  journal.strike("d");
  await vi.waitFor(async () => expect(await files()).toEqual([]));
});

test("a journal is left when nobody has written to it for ten seconds; a torn last line says nothing", async () => {
  const journal = createJournal(directory, fail);
  journal.note("a", "1");
  await written(["1"]);
  expect(await leftJournals(directory, Date.now(), never)).toEqual([]);
  const [name] = (await files()) as [string];
  const path = join(directory, name);
  await writeFile(path, `${await readFile(path, "utf8")}{"to`);
  await utimes(path, new Date(), new Date(Date.now() - 11_000));
  expect(await leftJournals(directory, Date.now(), never)).toEqual([
    { path, lines: [{ where: `${path} line 1`, text: "1" }] },
  ]);
});

test("a directory that cannot be written is told of, and stops nothing", async () => {
  await writeFile(directory, "a file");
  const errors: unknown[] = [];
  const journal = createJournal(directory, (error) => errors.push(error));
  journal.note("a", "1");
  await vi.waitFor(() => expect(errors).toHaveLength(1));
  journal.strike("a");
});

test("closed, it leaves only what is not struck", async () => {
  const journal = createJournal(directory, fail);
  journal.note("a", "1");
  journal.strike("a");
  journal.close();
  expect(await files()).toEqual([]);
  journal.note("b", "2");
  expect(await files()).toHaveLength(1);
  journal.strike("b");
  expect(await files()).toEqual([]);
});

test("of many lines those about one thing are found, whole ones only", async () => {
  const journal = createJournal(directory, fail);
  for (const text of ["one a", "two b", "three a"]) journal.note(text, text);
  const [name] = (await files()) as [string];
  await appendFile(join(directory, name), "torn a");
  expect((await linesAbout(directory, "a")).map((line) => "text" in line && line.text)).toEqual(["one a", "three a"]);
});

/** A disk of 64 kB. Only root may have one. */
const asRoot = (program: string, words: string[]) => execFileSync(program, words);
const canMount = process.platform === "linux" && process.getuid?.() === 0;
test.runIf(canMount)("a full disk takes no half line, and what was noted before stands", async () => {
  await mkdir(directory);
  asRoot("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", directory]);
  try {
    const errors: unknown[] = [];
    const journal = createJournal(directory, (error) => errors.push(error));
    const text = "x".repeat(3000);
    let noted = 0;
    for (let n = 0; n < 40; n++) {
      journal.note(`${n}`, text);
      if (errors.length > 0) break;
      noted++;
    }
    expect(errors).toHaveLength(1);
    journal.note("short", "y");
    expect(new Set(await journalTexts(directory))).toEqual(new Set([text, ...(errors.length === 1 ? ["y"] : [])]));
    expect((await journalTexts(directory)).filter((line) => line === text)).toHaveLength(noted);
  } finally {
    asRoot("umount", ["-l", directory]);
  }
});

test("after it stood still a process begins another page: the last one may be taken for left", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const journal = createJournal(directory, fail);
  journal.note("a", "1");
  vi.advanceTimersByTime(4900);
  journal.note("b", "2");
  expect(await files()).toHaveLength(1);
  vi.advanceTimersByTime(200);
  journal.note("c", "3");
  expect(await files()).toHaveLength(2);
});

test("a process that can open no more files says so, rather than that nothing stands there", async () => {
  await mkdir(directory);
  await writeFile(join(directory, "1-dead.journal"), "what was granted\n");
  const script = `
    import { openSync } from "node:fs";
    import { linesAbout } from ${JSON.stringify(import.meta.resolve("./journal.ts"))};
    try { for (;;) openSync("/dev/null"); } catch {}
    linesAbout(${JSON.stringify(directory)}, "granted").then((found) => console.log(found.length), ({ code }) => console.log(code));`;
  const command = 'ulimit -n 60 && exec "$0" --input-type=module -e "$1"';
  expect(execFileSync("sh", ["-c", command, process.execPath, script], { encoding: "utf8" })).toBe("EMFILE\n");
});

test("neither a pipe nor a link that is called a journal holds up the look for a grant", async () => {
  await mkdir(directory);
  execFileSync("sh", ["-c", 'mkfifo "$0"', join(directory, "1-pipe.journal")]);
  await symlink("/dev/zero", join(directory, "2-link.journal"));
  await writeFile(join(directory, "3-dead.journal"), "what was granted\n");
  expect(await linesAbout(directory, "granted")).toMatchObject([{ text: "what was granted" }]);
});
