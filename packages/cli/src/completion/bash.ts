import type { CommandNode } from "./command-tree.ts";

/** `source <(evertoken completion bash)` */
export function bashCompletion(tree: readonly CommandNode[]): string {
  const cases = tree.map((node) => {
    const words = [...node.commands.map(({ name }) => name), ...node.flags.map(({ long }) => long)];
    return `    "${node.path.join(" ")}") words="${words.join(" ")}"; file=${node.takesFile ? 1 : 0} ;;`;
  });
  const values = tree.flatMap(({ path, flags }) =>
    flags
      .filter(({ takesValue }) => takesValue)
      .map(({ long, choices }) => `    "${[...path, long].join(" ")}") values="${choices.join(" ")}"; value=1 ;;`),
  );
  const paths = tree.filter(({ path }) => path.length > 0).map(({ path }) => `"${path.join(" ")}"`);
  return `_evertoken() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path="" word words="" values="" value=0 file=0
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${paths.join("|")}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  case "\${path:+$path }$previous" in
${values.join("\n")}
  esac
  if [ "$value" = 1 ]; then
    COMPREPLY=($(compgen -W "$values" -- "$current"))
    return
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ "$file" = 1 ]; then COMPREPLY+=($(compgen -f -- "$current")); fi
}
complete -o bashdefault -F _evertoken evertoken
`;
}
