import { Html, html } from "@evertoken/operations";
import { brandMark } from "./brand-mark.ts";
import type { OfferedFactor } from "./offered-factor.ts";

const style = `
:root{color-scheme:light dark;--bg:#f4f6f8;--card:#fff;--text:#17202b;--dim:#556273;--line:#8793a3;--act:#0b6b57;--act-text:#fff;
--bad:#a3192b;--bad-bg:#fdecee}
@media(prefers-color-scheme:dark){:root{--bg:#12171d;--card:#1b222b;--text:#e8edf3;--dim:#a3b0bf;--line:#66758a;--act:#3ecfa9;
--act-text:#06231c;--bad:#ff9aa6;--bad-bg:#3a1a20}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;min-height:100dvh;display:grid;place-items:center;padding:1.25rem;background:var(--bg);color:var(--text);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:23rem;background:var(--card);border-radius:.9rem;padding:2rem 1.75rem;
box-shadow:0 1px 2px #0002,0 12px 32px #0000001f}
.brand{display:flex;align-items:center;gap:.55rem;margin:0 0 1.5rem;font-weight:600;color:var(--dim)}
.brand svg{width:1.6rem;height:1.6rem;color:var(--act)}
h1{margin:0 0 .4rem;font-size:1.45rem;line-height:1.25}
p{margin:0 0 1.25rem;color:var(--dim)}
label{display:block;margin:1rem 0 .3rem;font-weight:600}
input{width:100%;padding:.7rem .8rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:.5rem}
button,.button{display:block;width:100%;margin-top:1.6rem;padding:.75rem;font:inherit;font-weight:600;text-align:center;text-decoration:none;
color:var(--act-text);background:var(--act);border:0;border-radius:.5rem;cursor:pointer}
a{color:inherit}
details{margin-top:1.25rem}
summary{cursor:pointer;color:var(--dim)}
.code{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.9rem;overflow-wrap:anywhere;color:var(--text)}
.quiet{margin:1rem 0 0;text-align:center}
:focus-visible{outline:3px solid var(--act);outline-offset:2px}
[role=alert]{margin:0 0 .5rem;padding:.7rem .8rem;border-radius:.5rem;background:var(--bad-bg);color:var(--bad);font-weight:600}
`;

const page = (title: string, content: Html): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Evertoken</title>
<link rel="icon" href="data:,">
<style>${new Html(style)}</style>
</head>
<body>
<main>
<div class="brand">${brandMark}Evertoken</div>
${content}
</main>
</body>
</html>
`.text;

export interface LoginPage {
  /** Where to go afterwards; already checked. */
  readonly next: string;
  readonly name?: string;
  readonly problem?: string;
  /** Whether people may log in at an OpenID Connect provider. */
  readonly elsewhere?: boolean;
}

const focus = html` autofocus`;
const described = html` aria-describedby="problem"`;

/** The field at fault gets the focus: the name on a first visit, the password after a mistake. */
export function loginPage({ next, name = "", problem, elsewhere = false }: LoginPage): string {
  const first = problem === undefined;
  return page(
    "Log in",
    html`<h1>Log in</h1>
${first ? null : html`<div role="alert" id="problem">${problem}</div>`}
<form method="post" action="/login">
<input type="hidden" name="next" value="${next}">
<label for="name">Name</label>
<input id="name" name="name" value="${name}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="200" required${first ? focus : described}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1000" required${first ? null : [described, focus]}>
<button>Log in</button>
</form>
${elsewhere ? html`<p class="quiet"><a href="/login/openid?next=${encodeURIComponent(next)}">Log in with your organisation's account</a></p>` : null}`,
  );
}

/** After the password of somebody who has a second factor. */
export const codePage = ({ next, ticket }: { next: string; ticket: string }): string =>
  page(
    "Log in",
    html`<h1>One more thing</h1>
<p>The six digits that your authenticator app shows for Evertoken now.</p>
<form method="post" action="/login/code">
<input type="hidden" name="next" value="${next}"><input type="hidden" name="ticket" value="${ticket}">
<label for="code">Code</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]*" maxlength="20" required${focus}>
<button>Log in</button>
</form>
<details><summary>Your phone is not at hand?</summary>
<form method="post" action="/login/code">
<input type="hidden" name="next" value="${next}"><input type="hidden" name="ticket" value="${ticket}">
<label for="recovery">One of your recovery codes</label>
<input id="recovery" name="code" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="60" required>
<button>Log in with it</button>
</form></details>`,
  );

/** After the password of somebody who has no second factor, where one is needed. */
export const setFactorPage = (shown: { next: string; ticket: string; offered: OfferedFactor }): string =>
  page(
    "Set a second factor",
    html`<h1>Set a second factor</h1>
<p>A password alone is not enough here. Enter this key in an authenticator app, or <a href="${shown.offered.uri}">open it there</a>, and then the code that it shows.</p>
<p class="code">${shown.offered.secret}</p>
<form method="post" action="/login/second-factor">
<input type="hidden" name="next" value="${shown.next}"><input type="hidden" name="ticket" value="${shown.ticket}">
<input type="hidden" name="secret" value="${shown.offered.sealed}">
<label for="code">Code</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]*" maxlength="20" required${focus}>
<button>Use it from now on</button>
</form>`,
  );

export const recoveryCodesPage = ({ next, codes }: { next: string; codes: readonly string[] }): string =>
  page(
    "Your recovery codes",
    html`<h1>Your recovery codes</h1>
<p>Each of them logs you in once when your phone is not at hand. Keep them where it is not: they are shown this once.</p>
<ul class="code">${codes.map((code) => html`<li>${code}</li>`)}</ul>
<a class="button" href="${next}">I have kept them</a>`,
  );

export const logoutPage = (name: string): string =>
  page(
    "Log out",
    html`<h1>Log out?</h1>
<p>You are logged in as ${name}.</p>
<form method="post" action="/logout"><button>Log out</button></form>
<p class="quiet"><a href="/">Back to the overview</a></p>`,
  );

export const errorPage = (title: string, text: string): string =>
  page(
    title,
    html`<h1>${title}</h1>
<p>${text}</p>
<a class="button" href="/">To the overview</a>`,
  );
