import { Argument, type Command } from "commander";
import { bashCompletion } from "../completion/bash.ts";
import { commandTree } from "../completion/command-tree.ts";
import { fishCompletion } from "../completion/fish.ts";
import { zshCompletion } from "../completion/zsh.ts";
import type { Io } from "../io.ts";
import type { Run } from "../run.ts";

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

const howTo = `
  bash  echo 'source <(evertoken completion bash)' >> ~/.bashrc
  zsh   echo 'source <(evertoken completion zsh)' >> ~/.zshrc, behind compinit
  fish  evertoken completion fish > ~/.config/fish/completions/evertoken.fish`;

export function addCompletion(program: Command, run: Run): void {
  program
    .command("completion")
    .addArgument(new Argument("<shell>").choices(Object.keys(shells)))
    .description("print what a shell needs to complete commands and options")
    .addHelpText("after", howTo)
    .action(
      run(async (io: Io, shell: keyof typeof shells) => {
        const script = shells[shell](commandTree(program));
        io.result({ shell, script }, () => [script.trimEnd()]);
        return 0;
      }),
    );
}
