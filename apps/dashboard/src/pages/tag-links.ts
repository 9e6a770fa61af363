import { type Html, html } from "@evertoken/operations";

/** Each leads to all that have it. */
export const tagLinks = (tags: readonly string[]): Html | null =>
  tags.length === 0
    ? null
    : html`<span class="tags">${tags.map((tag) => html`<a href="/connections?tag=${encodeURIComponent(tag)}">${tag}</a> `)}</span>`;
