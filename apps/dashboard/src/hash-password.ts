import { text } from "node:stream/consumers";
import { hashPassword } from "@evertoken/operations";

/** Reads a password from the standard input and writes what may stand in DASHBOARD_PASSWORD instead of it. */
process.stdout.write(`${await hashPassword((await text(process.stdin)).replace(/\r?\n$/, ""))}\n`);
