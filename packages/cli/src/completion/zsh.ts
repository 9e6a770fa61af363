import type { CommandNode } from "./command-tree.ts";

/** `source <(evertoken completion zsh)`, after `compinit`. */
export function zshCompletion(tree: readonly CommandNode[]): string {
  const cases = tree.map(({ path, commands, flags, takesFile }) => {
    const described = [...commands, ...flags.map(({ long, description }) => ({ name: long, description }))];
    const words = described.map(({ name, description }) => quoted(`${name.replaceAll(":", "\\:")}:${description}`));
    return `    ${quoted(path.join(" "))}) words_here=(${words.join(" ")}); file=${takesFile ? 1 : 0} ;;`;
  });
  const values = tree.flatMap(({ path, flags }) =>
    flags
      .filter(({ takesValue }) => takesValue)
      .map(
        ({ long, choices }) =>
          `    ${quoted([...path, long].join(" "))}) values=(${choices.map(quoted).join(" ")}); value=1 ;;`,
      ),
  );
  const paths = tree.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path.join(" ")));
  return `#compdef evertoken
_evertoken() {
  local line="" word value=0 file=0
  local -a words_here values
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${line:+$line }$word" in
      ${paths.join("|")}) line="\${line:+$line }$word" ;;
    esac
  done
  case "$line" in
${cases.join("\n")}
  esac
  case "\${line:+$line }\${words[CURRENT-1]}" in
${values.join("\n")}
  esac
  if (( value )); then
    if (( \${#values} )); then compadd -a values; fi
    return
  fi
  _describe 'evertoken' words_here
  if (( file )); then _files; fi
}
compdef _evertoken evertoken
`;
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
