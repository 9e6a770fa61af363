import type { ConnectLinkInput } from "@evertoken/client";
import { z } from "zod";
import type { Engine } from "../engine.ts";
import { EvertokenError, withStore } from "../evertoken-error.ts";
import { openFor, sealFor } from "../sealed-value.ts";
import { hashSecret } from "./oauth-states.ts";
import { allowedUrl } from "./return-url.ts";
import { tagsInput } from "./tags-input.ts";

const text = z
  .string()
  .trim()
  .min(1)
  .max(512)
  .refine((value) => value.isWellFormed() && !value.includes("\0"));

/** Shown as it is, to somebody who decides by it: nothing that hides, turns around or moves what stands beside it. */
const shownName = text.max(200).regex(/^[^\p{Cc}\p{Cf}\u2028\u2029]+$/u, "has control characters");

const linkSchema = z.strictObject({
  userId: text,
  /** Where the page leads back to; must be on the allow list. */
  returnUrl: z.string().optional(),
  /** The providers that the page offers; left out: all that are set up. */
  providers: z.array(text).min(1).max(200).optional(),
  /** What the user is called in the app: shown with the address, so that people see whose accounts these are. */
  userName: shownName.optional(),
  userEmail: z.email().max(320).optional(),
  /** For what the page connects. */
  tags: tagsInput.optional(),
  /** What the page connects waits until the app has confirmed it at the return URL, as with `authorize`. */
  confirm: z.boolean().optional(),
  /** How long the link can be opened. Default 10 minutes. */
  ttlSeconds: z.number().int().min(10).max(86_400).default(600),
} satisfies Record<keyof ConnectLinkInput, z.ZodType>) satisfies z.ZodType<unknown, ConnectLinkInput>;

/** What a link says. */
export interface ConnectVisitor {
  readonly userId: string;
  readonly returnUrl: string | null;
  readonly providers: readonly string[] | null;
  readonly userName?: string | null;
  readonly userEmail: string | null;
  /** For what it connects; left out by a former version. */
  readonly tags?: readonly string[];
  /** Whether the app confirms what is connected. Left out, like the name and the mark, by a former version. */
  readonly confirm?: boolean;
  /** That of the user's last ending of all sessions, when the link was made; null: there was none. */
  readonly mark?: string | null;
  /** The one connection that may be reconnected, and nothing else done; null, or left out by a former version: all is allowed. */
  readonly connectionId?: string | null;
  /** When the session that it opens is over, whatever other links that one makes; in ms since 1970. */
  readonly endsAt?: number;
}

/** What narrows a link down. */
export interface LinkLimits {
  readonly connectionId?: string | null | undefined;
  readonly endsAt?: number | undefined;
  readonly mark?: string | null | undefined;
}

/** How long a session may go on after its link could be opened last. */
const sessionMs = 3_600_000;

const place = "connect-link";

/**
 * A link to the connect page for one user of the app: encrypted and authenticated, so that it can be neither read nor changed, good
 * for a short time and for one browser.
 *
 * @param limits with the `mark` of the user's last ending, without which the link is taken for one from before it
 * @throws {EvertokenError} `invalid_input`; also when PUBLIC_URL is not set
 */
export function connectLink(engine: Engine, input: ConnectLinkInput, limits: LinkLimits = {}): string {
  const { publicUrl, returnUrls } = engine.config.connect;
  const asked = parse(input);
  if (publicUrl === null) throw new EvertokenError("invalid_input", "PUBLIC_URL is not set: a link would lead nowhere");
  const { ttlSeconds, userId, providers = null, userName = null, userEmail = null, tags = [], confirm = false } = asked;
  const returnUrl = asked.returnUrl === undefined ? null : allowedUrl(asked.returnUrl, returnUrls);
  if (asked.returnUrl !== undefined && returnUrl === null) {
    throw new EvertokenError("invalid_input", "returnUrl: not on the allow list (RETURN_URL_ALLOWLIST)");
  }
  if (confirm && returnUrl === null) {
    throw new EvertokenError("invalid_input", "returnUrl: needed with `confirm`, since your app confirms it there");
  }
  const unknown = (providers ?? []).filter((id) => engine.providers.get(id) === undefined);
  if (unknown.length > 0)
    throw new EvertokenError("unknown_provider", `there is no provider "${unknown.join('", "')}"`);
  const { connectionId = null, mark = null, endsAt = Date.now() + ttlSeconds * 1000 + sessionMs } = limits;
  const shown = { userName, userEmail };
  const visitor: ConnectVisitor = { userId, returnUrl, providers, ...shown, tags, confirm, mark, connectionId, endsAt };
  return `${publicUrl}/connect?link=${sealFor(engine, place, visitor, ttlSeconds * 1000)}`;
}

function parse(input: unknown): z.output<typeof linkSchema> {
  const parsed = linkSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "input"}: ${issue.message}`);
  throw new EvertokenError("invalid_input", faults.join("; "));
}

/**
 * The same, also for providers that another process has just added, and for a user whose sessions were ended before.
 *
 * @param connectionId the one connection that may be reconnected; the page shows the address that is known of its user
 */
export async function makeConnectLink(
  engine: Engine,
  input: ConnectLinkInput,
  connectionId: string | null = null,
): Promise<string> {
  const { userId, userEmail, providers = [] } = parse(input);
  for (const id of new Set(providers)) await withStore(() => engine.providers.known(id));
  const { rows } = await withStore(() =>
    engine.pool.query<{ mark: string | null; user_email: string | null }>({
      name: "connect-link-mark",
      text: `SELECT e.mark, c.user_email FROM (VALUES ($1::text)) AS visitor (user_id)
        LEFT JOIN connect_endings e USING (user_id) LEFT JOIN connections c ON c.id = $2`,
      values: [userId, connectionId],
    }),
  );
  const { mark = null, user_email: known = null } = rows[0] ?? {};
  const shown = known === null || userEmail !== undefined ? input : { ...input, userEmail: known };
  return connectLink(engine, shown, { connectionId, mark });
}

/** @returns what it says, and its hash; null: not one of ours, changed, or too old */
export function readConnectLink(engine: Engine, token: string): { visitor: ConnectVisitor; link: string } | null {
  const visitor = openFor<ConnectVisitor>(engine, place, token);
  return visitor === null ? null : { visitor, link: hashSecret(token) };
}
