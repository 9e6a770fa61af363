import { type Command, Option } from "commander";
import { yesOption } from "../confirm.ts";
import { importSources } from "../import-sources/index.ts";
import { optionTag, optionTags } from "../option-tag.ts";
import type { Run } from "../run.ts";
import { wholeNumber } from "../whole-number.ts";
import { disconnect } from "./connections-disconnect.ts";
import { exportCommand } from "./connections-export.ts";
import { importConnections } from "./connections-import.ts";
import { list } from "./connections-list.ts";
import { show } from "./connections-show.ts";
import { tag } from "./connections-tag.ts";

const statuses = ["connected", "token_expired", "needs_reauth", "error", "disconnected"];

export function addConnections(program: Command, run: Run): void {
  const connections = program
    .command("connections")
    .description("connected accounts; tokens are shown by `export --with-tokens` alone");
  connections
    .command("list")
    .description("list connections, in pages by id")
    .option("--user <id>", "of this user")
    .option("--provider <id>", "at this provider")
    .addOption(new Option("--status <status>", "with this status").choices(statuses))
    .option("--tag <tag>", "that have it", optionTag)
    .option("--expiring <time>", "whose access token ends within this time, such as 24h")
    .option("--after <id>", "those after this one: the next page")
    .option("--limit <n>", "at most this many", wholeNumber(1, 1000), 100)
    .action(run(list));
  connections.command("show <id>").description("show one connection").action(run(show));
  connections
    .command("import [file]")
    .description("store token sets and schedule their refreshes; reads standard input when no file is named")
    .addOption(
      new Option("--from <system>", "rows as another system writes them").choices(importSources.map(({ id }) => id)),
    )
    .option("--dry-run", "judge every row and say what would be done; nothing is stored")
    .option("--user <id>", "with --from: whose all these accounts are")
    .option("--provider <[theirs=]ours>", "with --from: which provider is meant; may be repeated", collect)
    .option("--map <theirs=ours>", "with --from: a column under another name; may be repeated", collect)
    .option("--registration <name>", "with --from: our client registration that the grants belong to")
    .option("--key-file <file>", "with --from: the key that the other system has encrypted its tokens with")
    .option("--skip-known", "leave accounts alone that are connected already")
    .option("--overwrite", "take the tokens of the file even where those that are stored may be newer")
    .option("--resume", "go on where an earlier import of the same file stopped")
    .option(
      "--legacy-key-file <file>",
      "tokens are iv:authTag:ciphertext (hex, AES-256-GCM) under the key in this file",
    )
    .addHelpText("after", importHelp)
    .action(run(importConnections));
  connections
    .command("export [file]")
    .description("write connections as JSON lines, which an import takes again; to a new file that only you can read")
    .option("--with-tokens", "with their tokens in plain: for a move to another system")
    .option("--user <id>", "of this user")
    .option("--provider <id>", "at this provider")
    .option("--tag <tag>", "that have it", optionTag)
    .action(run(exportCommand));
  connections
    .command("tag <id>")
    .argument("[tags...]", "to be added", optionTags)
    .description("add tags to a connection, and take others away")
    .option("--remove <tag>", "take this one away; may be repeated", optionTags)
    .option("--only", "the tags that are named, and no others")
    .action(run(tag));
  connections
    .command("disconnect <id>")
    .description("erase the tokens and remove the job; the history stays")
    .option(...yesOption)
    .action(run(disconnect));
}

/** An option that may be repeated. */
const collect = (each: string, before: readonly string[] = []) => [...before, each];

const importHelp = `
Without --from the file is a JSON array, or JSON lines. Each row needs userId, provider, and accessToken or refreshToken, and may have
both, expiresAt (ISO 8601, or "never") or expiresIn (seconds), externalAccountId, displayName, scopes, tokenType,
refreshTokenExpiresAt, authType, userEmail, tags and metadata. "expiresAt": null beside a refresh token means that the end is
not known: such a row is refreshed at once. A bad row is reported with its line, and nothing of it is stored; the others
are.

While an import runs, how far it came stands in <file>.import-progress: --resume goes on there, whatever ended it. With
--legacy-key-file (64 hex digits) the tokens of all rows are decrypted first, unless a row says "encrypted": false.

An account that is known keeps its tokens, unless those of the file are certainly newer (another refresh token, and an
expiresAt behind the stored one), or its user has to reconnect anyway: so an import can be run again. --overwrite takes
the file's in any case, --skip-known in none. A refresh token that another connection holds is refused by line where it
can be spent only once.`;
