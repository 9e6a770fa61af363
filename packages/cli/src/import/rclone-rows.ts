import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { EvertokenError } from "@evertoken/engine";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { longestRow, type Row } from "./row.ts";

const sealedBy = "RCLONE_ENCRYPT_V0:";

/** The remotes of a configuration, one row each, under their section's name. Nobody has so many that it would have to be streamed. */
export async function* rcloneRows(chunks: AsyncIterable<Buffer>, key: string | null): AsyncGenerator<Row[]> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    pieces.push(chunk);
    length += chunk.length;
    if (length > longestRow)
      throw new EvertokenError("invalid_input", "the file is too long for a configuration of rclone");
  }
  yield sections(open(inUtf8(Buffer.concat(pieces)), key));
}

function inUtf8(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  throw new EvertokenError("invalid_input", "the configuration is not text in UTF-8");
}

function open(text: string, key: string | null): string {
  const at = text.indexOf(sealedBy);
  if (at === -1) return text;
  if (key === null)
    throw new EvertokenError("invalid_input", "the configuration is encrypted: give its password with --key-file");
  const sealed = Buffer.from(text.slice(at + sealedBy.length), "base64");
  // NaCl's secret box: the nonce in front, the key a hash of the password. https://github.com/rclone/rclone/blob/master/fs/config/crypt.go
  const secret = createHash("sha256")
    .update(`[${key.normalize("NFKC")}][rclone-config]`)
    .digest();
  try {
    return Buffer.from(xsalsa20poly1305(secret, sealed.subarray(0, 24)).decrypt(sealed.subarray(24))).toString();
  } catch {
    throw new EvertokenError("unreadable_token", "the configuration does not open with this password, or was altered");
  }
}

function sections(text: string): Row[] {
  const rows: { line: number; value: Record<string, string> }[] = [];
  for (const [index, each] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const [, remote] = /^\s*\[(.+)\]\s*$/.exec(each) ?? [];
    const [, name, value] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(each) ?? [];
    if (remote !== undefined) rows.push({ line: index + 1, value: { remote } });
    else if (name !== undefined && value !== undefined) Object.assign(rows.at(-1)?.value ?? {}, { [name]: value });
  }
  return rows;
}
