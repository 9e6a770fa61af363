import { type Html, html } from "@evertoken/operations";
import { providerIcons } from "./provider-icons.ts";

/** The provider's sign in one colour, or its first letter. */
export function providerMark(id: string, name: string): Html {
  const path = Object.hasOwn(providerIcons, id) ? providerIcons[id] : undefined;
  if (path !== undefined) {
    return html`<span class="mark sign" aria-hidden="true"><svg viewBox="0 0 24 24" width="24" height="24"><path d="${path}"/></svg></span>`;
  }
  const hue = [...name].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0) % 6;
  return html`<span class="mark hue${hue}" aria-hidden="true">${[...name][0]?.toUpperCase() ?? ""}</span>`;
}
