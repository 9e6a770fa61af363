import { spawn, spawnSync } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { closedPort } from "./closed-port.ts";
import { onFileEnd, temporaryDirectory } from "./services.ts";

/** Debian: `apt-get install pgbouncer`. */
export const hasPgBouncer = spawnSync("pgbouncer", ["--version"]).status === 0;

/** A pooler in transaction mode before the database of this address. @returns its own address */
export async function startPgBouncer(databaseUrl: string): Promise<string> {
  const { hostname, port, pathname, username, password } = new URL(databaseUrl);
  const directory = await temporaryDirectory();
  const ownPort = await closedPort();
  const file = join(directory, "pgbouncer.ini");
  const users = join(directory, "users.txt");
  await writeFile(users, `"${username}" "${password}"\n`);
  await writeFile(
    file,
    `[databases]
* = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = ${password === "" ? "any" : "plain"}
auth_file = ${users}
pool_mode = transaction
`,
  );
  for (const path of [file, users]) await chmod(path, 0o644);
  // It refuses to run as root.
  const asNobody = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const child = spawn("pgbouncer", [...asNobody, file], { stdio: ["ignore", "ignore", "pipe"] });
  onFileEnd(async () => {
    child.kill("SIGKILL");
  });
  let output = "";
  for await (const chunk of child.stderr) {
    output += chunk;
    if (output.includes("process up")) break;
  }
  if (!output.includes("process up")) throw new Error(`pgbouncer did not start: ${output}`);
  child.stderr.resume();
  const user = password === "" ? username : `${username}:${password}`;
  return `postgresql://${user}@127.0.0.1:${ownPort}${pathname}`;
}
