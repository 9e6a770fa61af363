import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import type { AuditEntry } from "@evertoken/engine/internal";
import {
  addPerson,
  changePerson,
  endSessions,
  listPeople,
  type Role,
  removePerson,
  roles,
} from "@evertoken/operations";
import { type Command, Option } from "commander";
import { auditOperator } from "../audit-operator.ts";
import { type Confirmed, confirm, yesOption } from "../confirm.ts";
import { formatTime } from "../duration.ts";
import { UsageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { type Opened, withEngine } from "../open.ts";
import type { Run } from "../run.ts";
import { table } from "../table.ts";

export function addUsers(program: Command, run: Run): void {
  const users = program.command("users").description("people who use the dashboard");
  const fromInput = ["--password-stdin", "read the password from standard input, instead of making one up"] as const;
  users
    .command("add <name>")
    .description("let somebody in; a password is made up and shown this once")
    .addOption(new Option("--role <role>", "viewers look, operators act").choices(roles).makeOptionMandatory())
    .option(...fromInput)
    .action(run(add));
  users.command("list", { isDefault: true }).description("all, by name").action(run(list));
  users
    .command("role <name>")
    .argument("<role>", roles.join(" or "))
    .description("give another role; it counts at once")
    .action(run(role));
  users
    .command("password <name>")
    .description("give a new password; all sessions of before end")
    .option(...fromInput)
    .action(run(password));
  users
    .command("disable <name>")
    .description("let somebody in no more; all sessions end")
    .action(
      run((io: Io, name: string) => change(io, name, { disabled: true }, "is disabled, and logged out everywhere")),
    );
  users
    .command("enable <name>")
    .description("let somebody in again")
    .action(run((io: Io, name: string) => change(io, name, { disabled: false }, "may log in again")));
  users
    .command("reset-code <name>")
    .description("take the second factor away from somebody who has lost it; all sessions end")
    .action(
      run((io: Io, name: string) =>
        change(io, name, { codeSecret: null }, "logs in with the password alone, until a new second factor is set"),
      ),
    );
  users
    .command("remove <name>")
    .description("forget somebody, whatever is stored of him; all sessions end")
    .option(...yesOption)
    .action(run(remove));
  users
    .command("log-out [name]")
    .description("end the sessions of one, or of everybody, in every replica")
    .action(run(logOut));
}

const audited = (opened: Opened, action: string, detail: AuditEntry["detail"]) =>
  auditOperator(opened.engine, { action, ...(detail === undefined ? {} : { detail }) });

interface PasswordOptions {
  readonly passwordStdin?: boolean;
}

async function readPassword(io: Io, { passwordStdin }: PasswordOptions): Promise<string> {
  return passwordStdin === true ? (await text(io.stdin)).replace(/\r?\n$/, "") : randomBytes(15).toString("base64url");
}

async function add(io: Io, name: string, options: PasswordOptions & { role: Role }): Promise<undefined> {
  const given = await readPassword(io, options);
  await withEngine(io, async (opened) => {
    const person = await addPerson(opened.engine, { name, role: options.role, password: given });
    // Of whoever was called so before.
    await endSessions(opened.engine, name);
    await audited(opened, "person.added", { person: name, role: options.role });
    tell(io, options, given, { ...person });
  });
}

async function remove(io: Io, name: string, options: Confirmed): Promise<undefined> {
  await withEngine(io, async (opened) => {
    await confirm(io, `forget ${name}, and end all sessions of that name`, options);
    await removePerson(opened.engine, name);
    await endSessions(opened.engine, name);
    await audited(opened, "person.removed", { person: name });
    io.result({ name }, () => [`${name} is removed, and logged out everywhere`]);
  });
}

async function password(io: Io, name: string, options: PasswordOptions): Promise<undefined> {
  const given = await readPassword(io, options);
  await withEngine(io, async (opened) => {
    await changePerson(opened.engine, name, { password: given });
    await endSessions(opened.engine, name);
    await audited(opened, "person.password_set", { person: name });
    tell(io, options, given, { name });
  });
}

/** A password that was made up is shown this once. */
function tell(io: Io, { passwordStdin }: PasswordOptions, given: string, value: object): void {
  const madeUp = passwordStdin !== true;
  io.result(madeUp ? { ...value, password: given } : value, () => [madeUp ? given : "done"]);
  if (madeUp && !io.json) io.note("This is the password, shown this once.");
}

const altered =
  "altered: the row does not open, since it was written past Evertoken or its key is not in ENCRYPTION_KEY any more. Nobody comes in by it; `evertoken users add` writes it anew, `evertoken users remove` takes it away.";

async function list(io: Io): Promise<undefined> {
  await withEngine(io, async ({ engine }) => {
    const people = await listPeople(engine);
    const rows = () =>
      people.map(({ name, role, secondFactor, disabled, createdAt }) => [
        ...[name, role, secondFactor ? "yes" : "no", disabled ? "yes" : "no"],
        formatTime(createdAt, new Date()),
      ]);
    io.result(people, () =>
      people.length === 0
        ? ["nobody, beside those of DASHBOARD_PASSWORD and DASHBOARD_VIEWER_PASSWORD"]
        : table(["NAME", "ROLE", "SECOND FACTOR", "DISABLED", "ADDED"], rows()),
    );
    if (!io.json && people.some((one) => one.role === "altered")) io.note(altered);
  });
}

async function role(io: Io, name: string, given: string): Promise<undefined> {
  const wanted = roles.find((each) => each === given);
  if (wanted === undefined) throw new UsageError(`a role is ${roles.join(" or ")}`);
  await change(io, name, { role: wanted }, `is ${wanted} now`);
}

type Change = Omit<Parameters<typeof changePerson>[2], "password">;

async function change(io: Io, name: string, changed: Change, told: string): Promise<undefined> {
  await withEngine(io, async (opened) => {
    await changePerson(opened.engine, name, changed);
    if (changed.role === undefined) await endSessions(opened.engine, name);
    const { codeSecret, ...rest } = changed;
    await audited(opened, codeSecret === null ? "person.second_factor_removed" : "person.changed", {
      person: name,
      ...rest,
    });
    io.result({ name, ...rest }, () => [`${name} ${told}`]);
  });
}

async function logOut(io: Io, name: string | undefined): Promise<undefined> {
  await withEngine(io, async (opened) => {
    const ended = await endSessions(opened.engine, name);
    await audited(opened, "dashboard.sessions_ended", { person: name ?? "everybody", ended: String(ended) });
    io.result({ ended }, () => [`${ended} session${ended === 1 ? "" : "s"} ended`]);
  });
}
