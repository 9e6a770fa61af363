import type { ConnectLinkInput } from "@evertoken/client";
import { z } from "zod";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";
import { allowedUrl } from "./return-url.ts";

const text = z
  .string()
  .trim()
  .min(1)
  .max(512)
  .refine((value) => value.isWellFormed() && !value.includes("\0"));

const linkSchema = z.strictObject({
  userId: text,
  /** Where the page leads back to; must be on the allow list. */
  returnUrl: z.string().optional(),
  /** The providers that the page offers; left out: all that are set up. */
  providers: z.array(text).min(1).max(200).optional(),
  userEmail: z.email().max(320).optional(),
  /** How long the link can be opened. Default 10 minutes. */
  ttlSeconds: z.number().int().min(10).max(86_400).default(600),
} satisfies Record<keyof ConnectLinkInput, z.ZodType>) satisfies z.ZodType<unknown, ConnectLinkInput>;

/** What a link says. */
export interface ConnectVisitor {
  readonly userId: string;
  readonly returnUrl: string | null;
  readonly providers: readonly string[] | null;
  readonly userEmail: string | null;
  /** The one connection that may be reconnected, and nothing else done; null, or left out by a former version: all is allowed. */
  readonly connectionId?: string | null;
  /** When the session that it opens is over, whatever other links that one makes; in ms since 1970. */
  readonly endsAt?: number;
}

/** What narrows a link down. */
export interface LinkLimits {
  readonly connectionId?: string | null | undefined;
  readonly endsAt?: number | undefined;
}

/** How long a session may go on after its link could be opened last. */
const sessionMs = 3_600_000;

const place = "connect-link";

/**
 * A link to the connect page for one user of the app: encrypted and authenticated, so that it can be neither read nor changed, and
 * good for a short time.
 *
 * @throws {EvertokenError} `invalid_input`; also when PUBLIC_URL is not set
 */
export function connectLink(engine: Engine, input: ConnectLinkInput, limits: LinkLimits = {}): string {
  const { publicUrl, returnUrls } = engine.config.connect;
  const parsed = linkSchema.safeParse(input);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "input"}: ${issue.message}`);
    throw new EvertokenError("invalid_input", faults.join("; "));
  }
  if (publicUrl === null) throw new EvertokenError("invalid_input", "PUBLIC_URL is not set: a link would lead nowhere");
  const { ttlSeconds, userId, providers = null, userEmail = null } = parsed.data;
  const returnUrl = parsed.data.returnUrl === undefined ? null : allowedUrl(parsed.data.returnUrl, returnUrls);
  if (parsed.data.returnUrl !== undefined && returnUrl === null) {
    throw new EvertokenError("invalid_input", "returnUrl: not on the allow list (RETURN_URL_ALLOWLIST)");
  }
  const unknown = (providers ?? []).filter((id) => engine.providers.get(id) === undefined);
  if (unknown.length > 0)
    throw new EvertokenError("unknown_provider", `there is no provider "${unknown.join('", "')}"`);
  const { connectionId = null, endsAt = Date.now() + ttlSeconds * 1000 + sessionMs } = limits;
  const visitor: ConnectVisitor = { userId, returnUrl, providers, userEmail, connectionId, endsAt };
  return `${publicUrl}/connect?link=${sealFor(engine, place, visitor, ttlSeconds * 1000)}`;
}

/** The same, also for providers that another process has just added. */
export async function makeConnectLink(engine: Engine, input: ConnectLinkInput): Promise<string> {
  const named = Array.isArray(input.providers) ? input.providers : [];
  for (const id of new Set(named)) await withStore(() => engine.providers.known(id));
  return connectLink(engine, input);
}

/** null: not one of ours, changed, or too old. */
export function readConnectLink(engine: Engine, token: string): ConnectVisitor | null {
  return openFor<ConnectVisitor>(engine, place, token);
}

/** A value that goes through a browser and comes back unread and unchanged, or not at all. Also for sessions. */
export function sealFor({ keyring }: Engine, purpose: string, value: object, ttlMs: number): string {
  return keyring.sealText(JSON.stringify({ value, expiresAt: Date.now() + ttlMs }), purpose);
}

export function openFor<T>({ keyring }: Engine, purpose: string, token: string): T | null {
  if (token.split(".").length !== 3) return null;
  try {
    const { value, expiresAt } = JSON.parse(keyring.openText(token, purpose)) as { value: T; expiresAt: number };
    return Date.now() < expiresAt ? value : null;
  } catch {
    return null;
  }
}
