import { hash } from "node:crypto";
import type { GrantRecord } from "@evertoken/core";
import { type Keyring, VaultError } from "../vault.ts";
import { toCommitRecord } from "./commit-record-shape.ts";
import type { Bad, Found } from "./faults.ts";

/** Why what stands in the spool is no token set that this process could commit. */
class BadEntry extends Error {
  /** A token set all the same: one for a key that this process lacks, or of a newer version. Another process can read it. */
  readonly mayBeGood: boolean;
  constructor(why: string, mayBeGood = false) {
    super(why);
    this.name = "BadEntry";
    this.mayBeGood = mayBeGood;
  }
}

/** What was granted: whoever spends the same generation twice gets two answers, and both are kept. */
export const grantOf = ({ connectionId, generation }: Pick<GrantRecord, "connectionId" | "generation">) =>
  `${connectionId}-${generation}`;

/** The grant, and a mark of this answer: the encryption of its tokens is never the same twice. */
export function nameOf(record: GrantRecord): string {
  const mark = hash("sha256", record.transition.tokens.accessToken).slice(0, 12);
  return `${grantOf(record)}.${mark}`;
}

/** Earlier versions named an entry by its grant alone. */
export const isOf = (name: string, grant: string) => name === grant || name.startsWith(`${grant}.`);

const version = 1;

/** Last in the text, and not part of what it stands for. An earlier version reads past it. */
const sealed = /,"seal":"([\w.-]+)"\}$/;

/** Marked for its place, so that nobody but a holder of the key ring can say what was granted, to whom, and for which generation. */
export function writeEntry(record: GrantRecord, keyring: Keyring): string {
  const known = written.get(record);
  if (known?.keyring === keyring) return known.text;
  const text = seal(record, keyring);
  written.set(record, { keyring, text });
  return text;
}

/** A record goes to the journal, and to the copies in Redis a moment later. */
const written = new WeakMap<GrantRecord, { readonly keyring: Keyring; readonly text: string }>();

function seal(record: GrantRecord, keyring: Keyring): string {
  // What is written down names nobody.
  const userId = keyring.sealText(record.userId, userPlaceOf(record));
  const body = `{"v":${version},${JSON.stringify({ ...record, userId }).slice(1)}`;
  const mark = keyring.mark(body, placeOf(record));
  return `${body.slice(0, -1)},"seal":"${mark}"}`;
}

/** @throws {BadEntry} */
function readEntry(text: string, keyring: Keyring): GrantRecord {
  const found = sealed.exec(text);
  const body = found === null ? text : `${text.slice(0, found.index)}}`;
  const value = parse(body);
  if (typeof value === "object" && value !== null && "v" in value && Number(value.v) > version) {
    throw new BadEntry("it was written by a newer version", true);
  }
  const record = toCommitRecord(value);
  if (record === null) throw new BadEntry("it is not of the shape of a token set");
  if (found === null) opens(record, keyring);
  else opening(() => keyring.checkMark(found[1] ?? "", body, placeOf(record)));
  return { ...record, userId: userIdOf(record, keyring) };
}

/** One of an earlier version stands there as it is. */
function userIdOf(record: GrantRecord, keyring: Keyring): string {
  if (!keyring.isSealed(record.userId)) return record.userId;
  return opening(() => keyring.openText(record.userId, userPlaceOf(record)));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadEntry("it is no JSON");
  }
}

const placeOf = (record: GrantRecord) => `spool/${grantOf(record)}`;
const userPlaceOf = (record: GrantRecord) => `${placeOf(record)}/user_id`;

/** One of an earlier version has no seal: its tokens at least are ours, and this connection's. */
function opens(record: GrantRecord, keyring: Keyring): void {
  const { connectionId: id, transition } = record;
  const { accessToken, refreshToken } = transition.tokens;
  opening(() => keyring.open(accessToken, id, "access_token"));
  if (refreshToken !== null) opening(() => keyring.open(refreshToken, id, "refresh_token"));
}

function opening<T>(task: () => T): T {
  try {
    return task();
  } catch (error) {
    const mayBeGood = error instanceof VaultError && error.code === "unknown_key";
    throw new BadEntry(error instanceof VaultError ? error.message : "it does not open", mayBeGood);
  }
}

/** Each by itself: what cannot be read is put apart, and the rest is there. */
export function readEntries(found: readonly Found[], keyring: Keyring): { records: GrantRecord[]; bad: Bad[] } {
  const records: GrantRecord[] = [];
  const bad: Bad[] = [];
  for (const one of found) {
    try {
      // Whoever lets us in again lets us read it.
      if ("unreadable" in one) throw new BadEntry(one.unreadable, true);
      records.push(readEntry(one.text, keyring));
    } catch (error) {
      if (!(error instanceof BadEntry)) throw error;
      bad.push({ where: one.where, why: error.message, mayBeGood: error.mayBeGood });
    }
  }
  return { records, bad };
}
