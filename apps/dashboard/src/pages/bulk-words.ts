import type { BulkDeed, BulkOrder } from "@evertoken/engine/internal";

/** What can be done with many, in the order in which it is offered. */
export const deeds: readonly (readonly [BulkDeed | "links", string])[] = [
  ["schedule", "Schedule now"],
  ["refresh", "Refresh, and say what came of it"],
  ["links", "Reconnect links as CSV"],
  ["tag", "Add the tag"],
  ["untag", "Take the tag away"],
  ["disconnect", "Disconnect"],
];

export function deedWords({ deed, tag }: Pick<BulkOrder, "deed" | "tag">): string {
  switch (deed) {
    case "schedule":
      return "Schedule now";
    case "refresh":
      return "Refresh";
    case "tag":
      return `Add the tag ${tag}`;
    case "untag":
      return `Take the tag ${tag} away`;
    case "disconnect":
      return "Disconnect";
    default:
      return deed satisfies never;
  }
}

/** What has to be typed before anything is done; null: nothing. */
export const typedWords = ({ deed }: Pick<BulkOrder, "deed">, total: number): string | null =>
  deed === "disconnect" ? `disconnect ${total}` : null;
