import { mostTags, tagForm, tagPattern } from "@evertoken/core";
import { z } from "zod";

const sorted = (tags: readonly string[]) => [...new Set(tags)].sort();

/** As they are stored: sorted, each once. */
export const tagsInput = z.array(z.string().regex(tagPattern, tagForm)).max(mostTags).transform(sorted);
