import { isTag, tagForm } from "@evertoken/core";
import { InvalidArgumentError } from "commander";

/** A tag that nothing can have would pass for one that nothing has. */
export function optionTag(text: string): string {
  if (!isTag(text)) throw new InvalidArgumentError(`It ${tagForm}.`);
  return text;
}

/** The same, where several may be given. */
export const optionTags = (text: string, before: readonly string[] = []) => [...before, optionTag(text)];
