import { randomBytes } from "node:crypto";
import { Html, html } from "@evertoken/operations";
import type { FastifyReply } from "fastify";
import { style } from "./style.ts";

export interface Page {
  readonly status?: number;
  readonly title: string;
  readonly content: Html;
  /** Where the browser goes on to by itself, at once. */
  readonly goOn?: string;
}

/** Sends a page that may load nothing, run nothing, and be framed by nobody but the given origins. */
export function sendPage(
  reply: FastifyReply,
  { status = 200, title, content, goOn }: Page,
  embedOrigins: readonly string[],
) {
  const nonce = randomBytes(16).toString("base64");
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'self'",
    `frame-ancestors ${embedOrigins.length === 0 ? "'none'" : embedOrigins.join(" ")}`,
  ];
  // Only frame-ancestors can name several origins; the older header would contradict it.
  if (embedOrigins.length > 0) reply.removeHeader("x-frame-options");
  else reply.header("x-frame-options", "DENY");
  return reply
    .code(status)
    .headers({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy.join("; "),
      "cache-control": "no-store",
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
    })
    .send(document(title, content, nonce, goOn).text);
}

function document(title: string, content: Html, nonce: string, goOn: string | undefined): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
${goOn === undefined ? null : html`<meta http-equiv="refresh" content="0; url=${goOn}">`}
<title>${title}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${new Html(style)}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;
}

export function message(title: string, text: string, link?: { href: string; label: string }): Html {
  return html`<div class="card lone"><h1>${title}</h1><p class="dim">${text}</p>
${link === undefined ? null : html`<a class="button" href="${link.href}">${link.label}</a>`}</div>`;
}
