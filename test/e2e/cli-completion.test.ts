import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { allCommands, emptyDirectory, runInProcess } from "./evertoken-command.ts";

const has = (shell: string) => spawnSync(shell, ["--version"]).status === 0;
const script = async (shell: string) => (await runInProcess(["completion", shell])).stdout;

/** What a line would be completed to. */
type Complete = (line: string) => string[];

async function inBash(): Promise<Complete> {
  const file = join(await emptyDirectory(), "completion.bash");
  writeFileSync(file, await script("bash"));
  return (line) => {
    const words = line.split(" ");
    const set = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}`;
    const text = `. ${file}; ${set}; _evertoken; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return lines(execFileSync("bash", ["--norc", "-c", text], { encoding: "utf8" }));
  };
}

async function inFish(): Promise<Complete> {
  const home = await emptyDirectory();
  mkdirSync(join(home, "fish", "completions"), { recursive: true });
  writeFileSync(join(home, "fish", "completions", "evertoken.fish"), await script("fish"));
  const env = { ...process.env, XDG_CONFIG_HOME: home, HOME: home };
  return (line) => {
    const said = execFileSync("fish", ["-c", `complete -C '${line}'`], { encoding: "utf8", env });
    return lines(said).map((each) => each.split("\t")[0] as string);
  };
}

/** zsh completes only in a terminal: `compadd` and `_describe` are asked what they were given. */
async function inZsh(): Promise<Complete> {
  const file = join(await emptyDirectory(), "completion.zsh");
  writeFileSync(file, await script("zsh"));
  return (line) => {
    const words = line.split(" ");
    const said = `compdef() { :; }; _files() { :; }; _describe() { print -l -- "\${(@P)2%%:*}"; }; compadd() { print -l -- "\${(@P)2}"; }`;
    const set = `words=(${words.map((word) => `'${word}'`).join(" ")}); CURRENT=${words.length}`;
    return lines(execFileSync("zsh", ["-f", "-c", `${said}; . ${file}; ${set}; _evertoken`], { encoding: "utf8" }));
  };
}

const lines = (text: string) => text.split("\n").filter((each) => each !== "");
const shells: [string, () => Promise<Complete>][] = [
  ["bash", inBash],
  ["fish", inFish],
  ["zsh", inZsh],
];

for (const [shell, prepare] of shells) {
  test.skipIf(!has(shell))(
    `${shell} completes every command, option and choice (skipped where there is no ${shell})`,
    async () => {
      const complete = await prepare();
      const tops = new Set((await allCommands()).map((command) => command.split(" ")[0] as string));
      expect(complete("evertoken ")).toEqual(expect.arrayContaining([...tops]));
      expect(complete("evertoken connections ")).toEqual(
        expect.arrayContaining(["list", "show", "import", "disconnect"]),
      );
      expect(complete("evertoken connections list --")).toEqual(
        expect.arrayContaining(["--status", "--expiring", "--json"]),
      );
      expect(complete("evertoken --json connections list --status ").sort()).toEqual(
        ["connected", "disconnected", "error", "needs_reauth", "token_expired"].sort(),
      );
      expect(complete("evertoken connections list --")).not.toContain("--scope");
      expect(complete("evertoken connections list --user ")).toEqual([]);
    },
  );
}

test("a shell that nobody writes for", async () => {
  expect(await runInProcess(["completion", "powershell"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("bash, zsh, fish"),
  });
});
