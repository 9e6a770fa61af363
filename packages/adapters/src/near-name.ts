import { distance } from "fastest-levenshtein";

/** The name that was probably meant; null: none is near. @param most letters that may differ */
export function nearName(name: string, names: Iterable<string>, most = Math.floor(name.length / 3)): string | null {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const [best] = [...names]
    .map((each) => ({ each, far: distance(plain(name), plain(each)) }))
    .filter(({ far }) => far <= Math.min(3, most))
    .sort((a, b) => a.far - b.far);
  return best?.each ?? null;
}

export function didYouMean(name: string, names: readonly string[]): string {
  const near = nearName(name, names);
  return near === null ? "" : `: did you mean ${near}?`;
}
