import { randomBytes } from "node:crypto";
import { Html, html } from "@evertoken/operations";
import type { FastifyReply } from "fastify";
import { type Brand, colourOf } from "./brand.ts";
import { type Report, reportScript } from "./embed.ts";
import { speechOf } from "./speech.ts";
import { style } from "./style.ts";

export interface Page {
  readonly status?: number;
  readonly title: string;
  readonly content: Html;
  /** Where the browser goes on to by itself, at once. */
  readonly goOn?: string;
  /** Of the app, whose pictures may be loaded and whose colour counts. */
  readonly brand?: Brand;
  /** The one thing that a page may run. */
  readonly report?: Report | null;
}

/** Sends a page that may load nothing but the app's logo, run nothing but its report, and be framed by nobody but the given origins. */
export function sendPage(reply: FastifyReply, page: Page, embedOrigins: readonly string[]) {
  const { status = 200, brand } = page;
  const nonce = randomBytes(16).toString("base64");
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(page.report == null ? [] : [`script-src 'nonce-${nonce}'`]),
    `img-src data: ${brand?.logoUrl ?? ""}`.trim(),
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
    .send(document(page, speechOf(reply.request).language, nonce).text);
}

function document({ title, content, goOn, brand, report = null }: Page, language: string, nonce: string): Html {
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
${goOn === undefined ? null : html`<meta http-equiv="refresh" content="0; url=${goOn}">`}
<title>${title}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${new Html(style + colourOf(brand))}</style>
</head>
<body>
<main>
${content}
</main>
${report === null ? null : html`<script nonce="${nonce}">${new Html(reportScript(report))}</script>`}
</body>
</html>
`;
}

export function message(title: string, text: string, link?: { href: string; label: string }): Html {
  return html`<div class="card lone"><h1>${title}</h1><p class="dim">${text}</p>
${link === undefined ? null : html`<a class="button" href="${link.href}">${link.label}</a>`}</div>`;
}
