import { randomBytes, randomUUID } from "node:crypto";
import type { Keyring } from "@evertoken/adapters";
import { isMailAddress, type NotifyConfig } from "@evertoken/adapters";
import { alertChannel, eventNames } from "@evertoken/core";
import type { Engine } from "@evertoken/engine/internal";
import { leadsToPrivateAddress } from "@evertoken/providers";
import type { Pool } from "pg";
import {
  type EndpointKind,
  type EndpointRow,
  endpointColumns,
  isOfSettings,
  type openKinds,
  secretPlace,
  targetOf,
  targetPlace,
} from "./endpoint.ts";

export interface EndpointInput {
  /** Of an endpoint to change; without it a new one. */
  readonly id?: string;
  readonly kind?: (typeof openKinds)[number];
  /** https URL, or a mail address. */
  readonly target?: string;
  /** Empty: all but `token.refreshed`; for operators what they have to act on. */
  readonly events?: readonly string[];
  /** Empty: of all connections, and of none; else of connections that have one of these. */
  readonly tags?: readonly string[];
  readonly enabled?: boolean;
  /** Make a new signing secret. */
  readonly rotateSecret?: boolean;
  /** For so long the one of before signs as well, so that receivers can be changed without losing anything. Default: a day. */
  readonly overlapSeconds?: number;
}

/** An endpoint as it may be shown: of channels' targets that are secrets, the host only. */
export interface EndpointView {
  readonly id: string;
  readonly kind: EndpointKind;
  readonly target: string | null;
  readonly events: readonly string[];
  readonly tags: readonly string[];
  readonly enabled: boolean;
  readonly failingSince: Date | null;
  /** Until when the signing secret of before signs as well; null: there is one alone. */
  readonly oldSecretUntil: Date | null;
  /** It comes from the settings and cannot be changed here. */
  readonly fromSettings: boolean;
  readonly createdAt: Date;
}

export type SavedEndpoint =
  /** `secret` is told once, when it was made: `whsec_` and base64, as Standard Webhooks has it. */
  | { readonly kind: "saved"; readonly endpoint: EndpointView; readonly secret: string | null }
  | { readonly kind: "not_found" }
  | { readonly kind: "refused"; readonly faults: readonly string[] };

export interface EndpointDeps {
  readonly pool: Pool;
  readonly keyring: Keyring;
  readonly notify: NotifyConfig;
  /** Plain http and private addresses are taken too: tests and intranets. */
  readonly allowPrivateAddresses: boolean;
}

export function endpointDepsOf({ pool, keyring, config }: Engine): EndpointDeps {
  return { pool, keyring, notify: config.notify, allowPrivateAddresses: config.request.allowPrivateAddresses };
}

export async function listEndpoints({ pool, keyring, notify }: EndpointDeps): Promise<EndpointView[]> {
  const { rows } = await pool.query<EndpointRow>(
    `SELECT ${endpointColumns} FROM webhook_endpoints ORDER BY created_at, id`,
  );
  return rows.map((row) => view(row, targetOf(row, keyring, notify)));
}

export async function saveEndpoint(deps: EndpointDeps, input: EndpointInput): Promise<SavedEndpoint> {
  const { pool, keyring, notify } = deps;
  const known = input.id === undefined ? null : await find(pool, input.id);
  if (input.id !== undefined && (known === null || isOfSettings(input.id))) return { kind: "not_found" };
  const kind = known?.kind ?? input.kind ?? "webhook";
  const target = input.target ?? (known === null ? "" : (targetOf(known, keyring, notify) ?? ""));
  const wrong = faultsOf(deps, kind, target, input);
  const faults = wrong.length > 0 ? wrong : await faultsOfHost(deps, kind, input);
  if (faults.length > 0) return { kind: "refused", faults };
  const id = known?.id ?? randomUUID();
  const moved = known !== null && moves(deps, known, target);
  const makesSecret = kind === "webhook" && (known?.secret == null || input.rotateSecret === true || moved);
  const secret = makesSecret ? `whsec_${randomBytes(32).toString("base64")}` : null;
  const sealedSecret = secret === null ? (known?.secret ?? null) : keyring.sealText(secret, secretPlace(id));
  const { rows } = await pool.query<EndpointRow>(
    `INSERT INTO webhook_endpoints AS e (id, kind, target, secret, events, enabled, tags) VALUES ($1, $2, $3, $4, $5, $6, $8)
     ON CONFLICT (id) DO UPDATE SET target = excluded.target, secret = excluded.secret, events = excluded.events,
       enabled = excluded.enabled, tags = excluded.tags, failing_since = NULL, held_until = NULL,
       old_secret = CASE WHEN $7::float8 > 0 THEN e.secret WHEN $7 = 0 THEN NULL ELSE e.old_secret END,
       old_secret_until = CASE WHEN $7 > 0 THEN now() + $7 * interval '1 second' WHEN $7 = 0 THEN NULL ELSE e.old_secret_until END
     RETURNING ${endpointColumns}`,
    [
      id,
      kind,
      keyring.sealText(target, targetPlace(id)),
      sealedSecret,
      input.events ?? known?.events ?? [],
      input.enabled ?? known?.enabled ?? true,
      overlapOf(input, secret !== null, moved),
      input.tags ?? known?.tags ?? [],
    ],
  );
  return { kind: "saved", endpoint: view(rows[0] as EndpointRow, target), secret };
}

const dayOfOverlap = 86_400;

/** For how many seconds the secret of before goes on; null: nothing changes. Never at an address to which it is a stranger. */
function overlapOf({ overlapSeconds = dayOfOverlap }: EndpointInput, isNew: boolean, moved: boolean): number | null {
  if (moved) return 0;
  return isNew ? overlapSeconds : null;
}

/** To another origin: what is signed there must not count as ours at the receiver which knows the secret. */
function moves({ keyring, notify }: EndpointDeps, known: EndpointRow, target: string): boolean {
  const before = targetOf(known, keyring, notify);
  return before === null || URL.parse(before)?.origin !== URL.parse(target)?.origin;
}

/** Its deliveries go with it. */
export async function removeEndpoint({ pool }: EndpointDeps, id: string): Promise<boolean> {
  if (isOfSettings(id)) return false;
  const { rowCount } = await pool.query("DELETE FROM webhook_endpoints WHERE id::text = $1", [id]);
  return (rowCount ?? 0) > 0;
}

async function find(pool: Pool, id: string): Promise<EndpointRow | null> {
  const { rows } = await pool.query<EndpointRow>(
    `SELECT ${endpointColumns} FROM webhook_endpoints WHERE id::text = $1`,
    [id],
  );
  return rows[0] ?? null;
}

function faultsOf(
  { allowPrivateAddresses, notify }: EndpointDeps,
  kind: EndpointKind,
  target: string,
  { events = [] }: EndpointInput,
): string[] {
  const unknown = events.filter((event) => !(eventNames as readonly string[]).includes(event));
  const faults = unknown.map((event) => `events: there is no event ${JSON.stringify(event.slice(0, 64))}`);
  if (alertChannel(kind)?.by === "mail") {
    if (!isMailAddress(target)) faults.push("target: needs a mail address");
    if (notify.smtpUrl === null) faults.push("kind: mail needs SMTP_URL and SMTP_FROM to be set");
    return faults;
  }
  const url = URL.parse(target);
  const protocols = allowPrivateAddresses ? ["https:", "http:"] : ["https:"];
  if (url === null || !protocols.includes(url.protocol) || target.length > 2048)
    faults.push("target: needs an https URL");
  else if (url.username !== "" || url.password !== "") faults.push("target: may not hold a user name or a password");
  return faults;
}

/** Of a target that is given now: one that led elsewhere when it was stored can still be switched off. Each delivery judges its host again. */
async function faultsOfHost(
  { allowPrivateAddresses }: EndpointDeps,
  kind: EndpointKind,
  { target }: EndpointInput,
): Promise<string[]> {
  if (target === undefined || allowPrivateAddresses || alertChannel(kind)?.by === "mail") return [];
  return (await leadsToPrivateAddress(new URL(target).hostname))
    ? ["target: its host is, or leads to, a private address (EVERTOKEN_ALLOW_PRIVATE_ADDRESSES)"]
    : [];
}

function view(row: EndpointRow, target: string | null): EndpointView {
  const { id, kind, events, tags, enabled, failing_since: failingSince, created_at: createdAt } = row;
  const { old_secret_until: until } = row;
  const oldSecretUntil = until !== null && until > new Date() ? until : null;
  const fromSettings = isOfSettings(id);
  return {
    id,
    kind,
    target: shown(kind, target),
    events,
    tags,
    enabled,
    failingSince,
    oldSecretUntil,
    fromSettings,
    createdAt,
  };
}

function shown(kind: EndpointKind, target: string | null): string | null {
  if (target === null || kind === "user_email" || alertChannel(kind)?.by === "mail") return target;
  const url = URL.parse(target);
  if (url === null) return null;
  return kind === "webhook" ? `${url.origin}${url.pathname}${url.search === "" ? "" : "?…"}` : `${url.origin}/…`;
}
