import { distance } from "fastest-levenshtein";

/** The name that was probably meant; null: none is near. */
function nearName(name: string, names: readonly string[]): string | null {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const most = Math.min(3, Math.floor(name.length / 3));
  const [best] = names
    .map((each) => ({ each, far: distance(plain(name), plain(each)) }))
    .filter(({ far }) => far <= most)
    .sort((a, b) => a.far - b.far);
  return best?.each ?? null;
}

export function didYouMean(name: string, names: readonly string[]): string {
  const near = nearName(name, names);
  return near === null ? "" : `: did you mean ${near}?`;
}
