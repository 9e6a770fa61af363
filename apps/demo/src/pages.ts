const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] ?? "");

const style = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  * { box-sizing: border-box }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center }
  main { width: min(22rem, 100vw - 1.5rem); padding: 1.5rem; overflow-wrap: anywhere; border: 1px solid #8884; border-radius: .75rem }
  h1 { font-size: 1.25rem; margin: 0 0 1rem }
  label { display: block; margin: 0 0 .75rem }
  input { width: 100%; min-height: 2.75rem; font: inherit; padding: .5rem; border: 1px solid #8888; border-radius: .4rem }
  button { font: inherit; width: 100%; min-height: 2.75rem; padding: .6rem; border: 0; border-radius: .4rem; background: #2456d6; color: #fff; cursor: pointer }
  .quiet { background: none; color: inherit; margin-top: .5rem; border: 1px solid #8888 }
  small { opacity: .75 }`;

export const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  // No form-action: browsers apply it to the redirect after the form as well, which leads to the client.
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>${body}</main></body></html>`;

const cancel = (uid: string) => `
<form method="post" action="/interaction/${escapeHtml(uid)}/abort"><button class="quiet">Cancel</button></form>`;

export const loginPage = ({
  uid,
  client,
  hint,
  error,
}: {
  uid: string;
  client: string;
  hint: string;
  error?: string;
}): string =>
  page(
    "Sign in to Demo",
    `<p>${escapeHtml(client)} would like to connect your demo account.</p>
<form method="post" action="/interaction/${escapeHtml(uid)}/login">
<label>Login name <input name="login" required autofocus maxlength="64" autocomplete="username" value="${escapeHtml(hint)}"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
${error ? `<p role="alert">${escapeHtml(error)}</p>` : ""}
<button>Sign in</button></form>${cancel(uid)}
<p><small>This is a demo: any name and any password will do.</small></p>`,
  );

const scopeWords: Record<string, string> = {
  openid: "know who you are",
  profile: "see your name",
  email: "see your e-mail address",
  offline_access: "stay connected while you are away",
};

export const consentPage = ({
  uid,
  client,
  login,
  scopes,
}: {
  uid: string;
  client: string;
  login: string;
  scopes: string[];
}): string =>
  page(
    "Allow access?",
    `<p>${escapeHtml(client)} would like to use the account <strong>${escapeHtml(login)}</strong> to:</p>
<ul>${scopes.map((scope) => `<li>${escapeHtml(scopeWords[scope] ?? scope)}</li>`).join("")}</ul>
<form method="post" action="/interaction/${escapeHtml(uid)}/consent"><button autofocus>Allow</button></form>${cancel(uid)}`,
  );

export const messagePage = (title: string, text: string): string => page(title, `<p>${escapeHtml(text)}</p>`);
