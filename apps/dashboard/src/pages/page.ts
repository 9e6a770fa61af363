import { createHash } from "node:crypto";
import { Html, html, type Session } from "@evertoken/operations";
import type { FastifyInstance, FastifyReply } from "fastify";
import { boardPrefix } from "../access.ts";
import { brandMark } from "../brand-mark.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";

type Section = "overview" | "connections" | "log" | "providers" | "webhooks" | "settings" | "audit";

export interface Page {
  readonly status?: number;
  readonly title: string;
  readonly content: Html;
  readonly section: Section | null;
  readonly session: Session;
  /** Seconds between looks at what is new, where scripts run. */
  readonly live?: number;
}

const sections: readonly { id: Section | "queues"; path: string; label: string; operators?: true }[] = [
  { id: "overview", path: "/", label: "Overview" },
  { id: "connections", path: "/connections", label: "Connections" },
  { id: "log", path: "/log", label: "Log" },
  { id: "providers", path: "/providers", label: "Providers" },
  { id: "webhooks", path: "/webhooks", label: "Webhooks" },
  { id: "queues", path: boardPrefix, label: "Queues" },
  { id: "settings", path: "/settings", label: "Settings" },
  { id: "audit", path: "/audit", label: "Audit", operators: true },
];

/** Stricter than Bull Board's: nothing inline, nothing from elsewhere. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const version = createHash("sha256").update(style).update(script).digest("hex").slice(0, 8);

/** Style sheet and script, under an address that changes with them. */
export function registerAssets(app: FastifyInstance): void {
  const keep = "private, max-age=86400";
  app.get("/pages.css", async (_request, reply) => reply.header("cache-control", keep).type("text/css").send(style));
  app.get("/pages.js", async (_request, reply) =>
    reply.header("cache-control", keep).type("text/javascript").send(script),
  );
}

export function sendPage(reply: FastifyReply, page: Page): FastifyReply {
  return reply
    .code(page.status ?? 200)
    .header("content-security-policy", policy)
    .type("text/html; charset=utf-8")
    .send(document(page).text);
}

function document({ title, content, section, session, live }: Page): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${title} · Evertoken</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/pages.css?${version}">
<script src="/pages.js?${version}" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="bar"><div><a class="brand" href="/">${brandMark}Evertoken</a>
<nav aria-label="Pages"><ul>${seenBy(session).map(({ id, path, label }) => item(path, label, id === section))}</ul></nav>
<div class="who"><a href="/account">${session.name} (${session.role})</a><a href="/logout">Log out</a></div></div></header>
<main id="main"${live === undefined ? null : html` data-live="${live}"`}>
${content}
<p class="small dim zone">Times in <span data-zone>UTC</span></p>
</main>
</body>
</html>
`;
}

const seenBy = ({ role }: Session) => sections.filter(({ operators }) => operators !== true || role === "operator");

const item = (path: string, label: string, current: boolean): Html =>
  html`<li><a href="${path}"${current ? new Html(' aria-current="page"') : null}>${label}</a></li>`;

/** Shown where scripts run: pages that change under the eyes of a reader can be told to hold still. */
export const liveToggle = html`<button type="button" class="quiet" data-toggle aria-pressed="true" hidden>Live</button>`;

export function message(title: string, text: string, link: { href: string; label: string }): Html {
  return html`<div class="card lone"><h1>${title}</h1><p class="dim gap">${text}</p><a class="button" href="${link.href}">${link.label}</a></div>`;
}
