import type { Command, Option } from "commander";

/** One command as a shell completes it; the first of them is `evertoken` itself. */
export interface CommandNode {
  /** The words after `evertoken`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly flags: readonly Flag[];
  /** It takes a file as an argument. */
  readonly takesFile: boolean;
}

interface Flag {
  readonly long: string;
  readonly description: string;
  readonly takesValue: boolean;
  /** Which values there are, where they are known. */
  readonly choices: readonly string[];
}

/** Read from the commands themselves, so that no list of them has to be kept. */
export function commandTree(command: Command, path: readonly string[] = []): CommandNode[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command).filter((child) => child.name() !== "help");
  const above = path.length === 0 ? [] : help.visibleGlobalOptions(command);
  const node: CommandNode = {
    path,
    description: command.description(),
    commands: children.map((child) => ({ name: child.name(), description: child.description() })),
    flags: [...help.visibleOptions(command), ...above].flatMap(toFlag),
    takesFile: command.registeredArguments.some((argument) => argument.name() === "file"),
  };
  return [node, ...children.flatMap((child) => commandTree(child, [...path, child.name()]))];
}

function toFlag({ long, description, required, optional, argChoices = [] }: Option): Flag[] {
  if (long === undefined || long === null) return [];
  return [{ long, description, takesValue: required || optional, choices: argChoices }];
}
