import { expect, test } from "vitest";
import { languages } from "../speech.ts";

/** Every text by its path, with the names that are filled in. */
function texts(value: object, path = ""): [string, string][] {
  return Object.entries(value).flatMap(([key, each]): [string, string][] =>
    typeof each === "string" ? [[`${path}${key}`, each]] : texts(each, `${path}${key}.`),
  );
}

const names = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();
const english = new Map(texts(languages.en));

test.each(Object.entries(languages))("%s says everything that English says, with the same names in it", (_, words) => {
  const said = texts(words);
  expect(said.map(([path]) => path).sort()).toEqual([...english.keys()].sort());
  for (const [path, text] of said) {
    expect(text.trim(), path).not.toBe("");
    expect(names(text), path).toEqual(names(english.get(path) ?? ""));
  }
});

test.each(Object.entries(languages).filter(([language]) => language !== "en"))(
  "%s is no copy of English",
  (_, words) => {
    const same = texts(words).filter(([path, text]) => text === english.get(path));
    // Some words are the same in two languages.
    expect(same.length).toBeLessThan(3);
  },
);
