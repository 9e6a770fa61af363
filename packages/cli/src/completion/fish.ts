import type { CommandNode } from "./command-tree.ts";

/** `evertoken completion fish > ~/.config/fish/completions/evertoken.fish` */
export function fishCompletion(tree: readonly CommandNode[]): string {
  const paths = tree.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path.join(" ")));
  return `function __evertoken_at
  set -l path
  for word in (commandline -opc)[2..]
    contains -- (string join ' ' $path $word) ${paths.join(" ")}; and set -a path $word
  end
  test "$(string join ' ' $path)" = "$argv[1]"
end
complete -c evertoken -f
${tree.flatMap(linesOf).join("\n")}
`;
}

function linesOf({ path, commands, flags, takesFile }: CommandNode): string[] {
  const here = `complete -c evertoken -n ${quoted(`__evertoken_at ${quoted(path.join(" "))}`)}`;
  return [
    ...commands.map(({ name, description }) => `${here} -a ${name} -d ${quoted(description)}`),
    ...flags.map(({ long, description, takesValue, choices }) => {
      const value = takesValue ? ` -x -a ${quoted(choices.join(" "))}` : "";
      return `${here} -l ${long.slice(2)}${value} -d ${quoted(description)}`;
    }),
    ...(takesFile ? [`${here} -F`] : []),
  ];
}

const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
