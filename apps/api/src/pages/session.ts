import { createHmac, randomBytes } from "node:crypto";
import { isSameSecret } from "@evertoken/adapters";
import {
  type BroughtLink,
  type ConnectVisitor,
  type Engine,
  linkStanding,
  openConnectSession,
  openFor,
  sealFor,
} from "@evertoken/engine/internal";
import type { FastifyReply, FastifyRequest } from "fastify";
import { cookieOf } from "../flow-cookie.ts";

/** What a browser's cookie holds, encrypted: a secret of its own, and the link that it has opened. */
interface Kept {
  readonly browser: string;
  readonly opened: Omit<BroughtLink, "browser"> | null;
}

/** A browser that has opened a link, until that session ends. */
export interface Session extends ConnectVisitor {
  /** What this browser begins for this user, only this browser can finish. */
  readonly id: string;
  /** Stands in every form; another site cannot know it. */
  readonly formToken: string;
  /** SHA-256 of the link. */
  readonly link: string;
}

const purpose = "connect-browser";
const lifetimeMs = 3_600_000;

/** The session of this browser, if neither its time nor the app has ended it. */
export async function readSession(engine: Engine, request: FastifyRequest): Promise<Session | null> {
  const { browser, opened } = readKept(engine, request) ?? { browser: "", opened: null };
  if (opened === null || (await linkStanding(engine, { browser, ...opened })) !== "ours") return null;
  const { visitor, link } = opened;
  // Two tabs of one user are one session: what was begun in the one is not lost by opening a link in the other.
  const id = tokenOf(browser, `flows of ${visitor.userId}`);
  return { ...visitor, id, formToken: tokenOf(browser, `forms of ${visitor.userId}`), link };
}

/** The secret of this browser, which it gets with its first link; it opens nothing by itself. */
export function browserOf(engine: Engine, request: FastifyRequest, reply: FastifyReply): string {
  const known = readKept(engine, request);
  if (known !== null) return known.browser;
  const browser = randomBytes(32).toString("base64url");
  keep(engine, reply, { browser, opened: null }, lifetimeMs);
  return browser;
}

/** null: it has none, since it keeps no cookies or has never seen a link. */
export function knownBrowser(engine: Engine, request: FastifyRequest): string | null {
  return readKept(engine, request)?.browser ?? null;
}

/** @returns whether this browser has the session of the link now */
export async function openSession(engine: Engine, reply: FastifyReply, brought: BroughtLink): Promise<boolean> {
  const endsAt = await openConnectSession(engine, brought);
  if (endsAt === null) return false;
  const { browser, link, visitor } = brought;
  const opened = { link, visitor: { ...visitor, endsAt: endsAt.getTime() } };
  keep(engine, reply, { browser, opened }, endsAt.getTime() - engine.clock.now().getTime());
  return true;
}

/** In the form that opens a link. */
export const openingToken = ({ browser, link }: Pick<BroughtLink, "browser" | "link">) =>
  tokenOf(browser, `opening ${link}`);

/** Whether a form was sent by a page of ours in this browser. */
export function isOwnForm({ config }: Engine, { headers }: FastifyRequest, expected: string, given: unknown): boolean {
  const { "sec-fetch-site": site, origin } = headers;
  if (site !== undefined && site !== "same-origin") return false;
  if (origin !== undefined && origin !== new URL(config.connect.publicUrl ?? "").origin) return false;
  return isSameSecret(expected, given);
}

const tokenOf = (browser: string, what: string) => createHmac("sha256", browser).update(what).digest("base64url");

function readKept(engine: Engine, request: FastifyRequest): Kept | null {
  const value = cookieOf(request, cookieOptions(engine).name);
  return value === null ? null : openFor<Kept>(engine, purpose, value);
}

function keep(engine: Engine, reply: FastifyReply, kept: Kept, leftMs: number): void {
  const { name, attributes } = cookieOptions(engine);
  const value = sealFor(engine, purpose, kept, leftMs);
  reply.header("set-cookie", `${name}=${value}; ${attributes}; Max-Age=${Math.ceil(leftMs / 1000)}`);
}

/**
 * Over https no other host of the domain can plant it (`__Host-`). A frame on another site gets its cookie only with SameSite=None, which
 * browsers take over https alone.
 */
function cookieOptions({ config }: Engine): { name: string; attributes: string } {
  const { publicUrl, embedOrigins } = config.connect;
  const { protocol, pathname } = new URL(publicUrl ?? "http://localhost");
  if (protocol !== "https:") {
    const path = `${pathname.replace(/\/$/, "")}/connect`;
    return { name: "evertoken_connect", attributes: `Path=${path}; HttpOnly; SameSite=Lax` };
  }
  const sameSite = embedOrigins.length > 0 ? "SameSite=None; Partitioned" : "SameSite=Lax";
  return { name: "__Host-evertoken_connect", attributes: `Path=/; HttpOnly; ${sameSite}; Secure` };
}
