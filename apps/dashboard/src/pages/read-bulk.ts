import { createHash } from "node:crypto";
import { isTag, tagForm } from "@evertoken/core";
import { type BulkDeed, isUuid, mostChosen } from "@evertoken/engine/internal";
import { deeds } from "./bulk-words.ts";
import type { PageContext } from "./context.ts";
import { notUnderstood } from "./fault.ts";
import { askedIn, writeCursor } from "./list-query.ts";
import { readList } from "./read-list.ts";

/** What a form about many connections asks for. */
export interface AskedBulk {
  /** The same for the same form: sent twice, it is one action. */
  readonly id: string;
  readonly deed: BulkDeed | "links";
  readonly tag: string | null;
  /** Ids of connections, some at a time. @throws {PageFault} when there are too many */
  pages(): AsyncGenerator<readonly string[]>;
}

type Form = Readonly<Record<string, unknown>>;

const pageSize = 1000;

/** @throws {PageFault} 400, with what is wrong */
export function readBulk(context: PageContext, form: Form, person: string): AskedBulk {
  const [deed] = deeds.find(([name]) => name === form.deed) ?? [];
  if (deed === undefined) throw notUnderstood(`"deed" can be: ${deeds.map(([name]) => name).join(", ")}.`);
  if (typeof form.mark !== "string" || !isUuid(form.mark)) throw notUnderstood("The form did not come whole: reload.");
  const tag = deed === "tag" || deed === "untag" ? String(form.tag ?? "").trim() : null;
  if (tag !== null && !isTag(tag)) throw notUnderstood(`"tag" ${tagForm}.`);
  const chosen = readChosen(context, form);
  const id = uuidOf(JSON.stringify([form.mark, person, deed, tag, chosen.key]));
  return { id, deed, tag, pages: chosen.pages };
}

interface Chosen {
  readonly key: unknown;
  pages(): AsyncGenerator<readonly string[]>;
}

function readChosen(context: PageContext, { which, id = [], page, filter }: Form): Chosen {
  if (which === "all") return ofFilter(context, filter);
  const ids = which === "page" ? String(page ?? "").split(" ") : [id].flat().map(String);
  const whole = [...new Set(ids.filter((each) => each !== ""))].sort();
  if (whole.length === 0) throw notUnderstood("No connection is ticked, so nothing was done.");
  if (!whole.every(isUuid)) throw notUnderstood("What was ticked are no connections.");
  return {
    key: whole,
    async *pages() {
      yield whole;
    },
  };
}

/** The filter itself, and not what one page of it has shown. */
function ofFilter(context: PageContext, filter: unknown): Chosen {
  const asked = askedIn(filter);
  return {
    key: asked,
    async *pages() {
      let [found, after] = [0, {}];
      for (;;) {
        const list = await readList(context, { ...asked, ...after }, pageSize);
        found += list.rows.length;
        if (found > mostChosen)
          throw notUnderstood(
            `More than ${mostChosen.toLocaleString("en-US")} match: narrow the filter, and do it in parts.`,
          );
        yield list.rows.map((row) => row.id);
        if (list.next === null) return;
        after = { after: writeCursor(list.next) };
      }
    },
  };
}

function uuidOf(text: string): string {
  const digits = createHash("sha256").update(text).digest("hex");
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `8${digits.slice(13, 16)}`, `8${digits.slice(17, 20)}`];
  return [...parts, digits.slice(20, 32)].join("-");
}
