import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type ConnectVisitor, type Engine, openFor, readConnectLink, sealFor } from "@evertoken/engine/internal";
import type { FastifyReply, FastifyRequest } from "fastify";
import { cookieOf } from "../flow-cookie.ts";

/** A browser that came with a link. Kept in its cookie, encrypted; nothing is kept here. */
export interface Session extends ConnectVisitor {
  /** Random; what this browser begins, only this browser can finish, and only its own pages can ask for. */
  readonly id: string;
}

const cookieName = "evertoken_connect";
const purpose = "connect-session";
const lifetimeMs = 3_600_000;

/** @returns whether the link is good; then the browser has its session */
export function openSession(engine: Engine, request: FastifyRequest, reply: FastifyReply, link: string): boolean {
  const visitor = readConnectLink(engine, link);
  if (visitor === null) return false;
  const known = readSession(engine, request);
  // Two tabs of one user are one session: what was begun in the one is not lost by opening the other.
  const id = known?.userId === visitor.userId ? known.id : randomBytes(32).toString("base64url");
  // A session makes links of its own, for the page outside of a frame: none of them makes it last longer.
  const leftMs = Math.min(lifetimeMs, (visitor.endsAt ?? Number.POSITIVE_INFINITY) - Date.now());
  if (leftMs <= 0) return false;
  const value = sealFor(engine, purpose, { ...visitor, id } satisfies Session, leftMs);
  reply.header("set-cookie", `${cookieName}=${value}; ${attributes(engine)}; Max-Age=${Math.ceil(leftMs / 1000)}`);
  return true;
}

/** A frame on another site gets its cookie only with SameSite=None, which browsers take over https alone. */
function attributes({ config }: Engine): string {
  const { publicUrl, embedOrigins } = config.connect;
  const { protocol, pathname } = new URL(publicUrl ?? "http://localhost");
  const secure = protocol === "https:";
  const sameSite = secure && embedOrigins.length > 0 ? "SameSite=None; Partitioned" : "SameSite=Lax";
  return `Path=${pathname.replace(/\/$/, "")}/connect; HttpOnly; ${sameSite}${secure ? "; Secure" : ""}`;
}

export function readSession(engine: Engine, request: FastifyRequest): Session | null {
  const value = cookieOf(request, cookieName);
  return value === null ? null : openFor<Session>(engine, purpose, value);
}

/** Stands in every form; another site cannot know it. */
export function formToken({ id }: Session): string {
  return createHmac("sha256", id).update("form").digest("base64url");
}

/** Whether a form was sent by a page of this session. */
export function isOwnForm(session: Session, request: FastifyRequest, token: unknown): boolean {
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin") return false;
  const [expected, given] = [Buffer.from(formToken(session)), Buffer.from(typeof token === "string" ? token : "")];
  return expected.length === given.length && timingSafeEqual(expected, given);
}
