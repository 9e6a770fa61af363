import { html } from "@evertoken/operations";

export const brandMark = html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true">
<path d="M20 12a8 8 0 1 1-2.4-5.7"/><path d="M20.5 3v4.5H16"/><circle cx="12" cy="12" r="2" fill="currentColor"/></svg>`;
