import { hash } from "node:crypto";
import type { GrantRecord } from "@evertoken/core";
import { type Keyring, VaultError } from "../vault.ts";
import { type Fields, isFields, toCommitRecord } from "./commit-record-shape.ts";
import type { Bad, Found, FoundText } from "./faults.ts";

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

const version = 2;

/** Of the former version: last in the text, and not part of what it stands for. */
const formerMark = /,"seal":"([\w.-]+)"\}$/;

/**
 * Sealed as a whole for its place, so that nobody but a holder of the key ring can say what was granted, to whom, and for which generation. What
 * it is about stands before it in plain: whoever looks for a connection passes over the others unread.
 */
export function writeEntry(record: GrantRecord, keyring: Keyring): string {
  const known = written.get(record);
  if (known?.keyring === keyring) return known.text;
  const { connectionId, generation } = record;
  const sealed = keyring.sealText(JSON.stringify(record), placeOf(record));
  const text = JSON.stringify({ v: version, connectionId, generation, sealed });
  written.set(record, { keyring, text });
  return text;
}

/** A record goes to the journal, and to the copies in Redis a moment later. */
const written = new WeakMap<GrantRecord, { readonly keyring: Keyring; readonly text: string }>();

/** @throws {BadEntry} */
function readEntry({ text, fromRedis = false }: FoundText, keyring: Keyring): GrantRecord {
  const value = parse(text);
  const { v = 1, sealed } = isFields(value) ? value : {};
  if (Number(v) > version) throw new BadEntry("it was written by a newer version", true);
  const record = v === version ? openEntry(value as Fields, sealed, keyring) : readFormer(text, fromRedis, keyring);
  opens(record, keyring);
  return record;
}

function openEntry({ connectionId, generation }: Fields, sealed: unknown, keyring: Keyring): GrantRecord {
  const place = `spool/${connectionId}-${generation}`;
  return shaped(parse(opening(() => keyring.openText(String(sealed), place))));
}

/**
 * The former version marked what it wrote. The one before did not, and Redis may hold an old token set of ours that somebody has given a new
 * generation there: of those only files are taken, which nobody but the user of our processes can write.
 */
function readFormer(text: string, fromRedis: boolean, keyring: Keyring): GrantRecord {
  const mark = formerMark.exec(text);
  const body = mark === null ? text : `${text.slice(0, mark.index)}}`;
  const record = shaped(parse(body));
  if (mark !== null) opening(() => keyring.checkMark(mark[1] ?? "", body, placeOf(record)));
  else if (fromRedis) throw new BadEntry("it is not sealed, and anybody may have written it to Redis", true);
  return { ...record, userId: userIdOf(record, keyring) };
}

function shaped(value: unknown): GrantRecord {
  const record = toCommitRecord(value);
  if (record === null) throw new BadEntry("it is not of the shape of a token set");
  return record;
}

/** The former version left the rest in plain, and one before that the user as well. */
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

/** What would not open later is not put in place of what does. */
function opens(record: GrantRecord, keyring: Keyring): void {
  const owner = { ...record, id: record.connectionId };
  const { accessToken, refreshToken } = record.transition.tokens;
  opening(() => keyring.open(accessToken, owner, "access_token"));
  if (refreshToken !== null) opening(() => keyring.open(refreshToken, owner, "refresh_token"));
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
      records.push(readEntry(one, keyring));
    } catch (error) {
      if (!(error instanceof BadEntry)) throw error;
      bad.push({ where: one.where, why: error.message, mayBeGood: error.mayBeGood });
    }
  }
  return { records, bad };
}
