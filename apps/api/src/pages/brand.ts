import type { Engine } from "@evertoken/engine/internal";
import { type Html, html } from "@evertoken/operations";

/** How the app shows itself on the pages for its users. */
export type Brand = Engine["config"]["connect"]["brand"];

export const brandOf = ({ config }: Engine): Brand => config.connect.brand;

/** Beside the app's name, which is read out already. */
export const logo = ({ logoUrl }: Brand): Html | null =>
  logoUrl === null ? null : html`<img class="logo" src="${logoUrl}" alt="">`;

/** The colour of what can be pressed, and the one of its text that can be read on it. */
export function colourOf(brand: Brand | undefined): string {
  const colour = brand?.colour ?? null;
  return colour === null ? "" : `:root,:root:root{--act:${colour};--act-text:${readableOn(colour)}}`;
}

/** Black or white, by which of the two has the higher contrast (WCAG 2.2, relative luminance). */
export function readableOn(colour: string): "#000" | "#fff" {
  const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = channels.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? "#000" : "#fff";
}
