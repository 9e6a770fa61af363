import { type Alert, type ErrorCode, eventWords, mostTags } from "@evertoken/core";
import type { Delivery } from "./delivery.ts";
import { text } from "./webhook-body.ts";

/** Users are not named. */
export function alertText(deliveries: readonly Delivery[], providerName: (id: string) => string): Alert {
  const [first] = deliveries;
  if (first === undefined) throw new Error("an alert needs an event");
  const provider = providerName(first.provider);
  const count = deliveries.length;
  const cause = [...causeOf(first, count), ...tagsOf(deliveries)];
  const code = text(first.payload.errorCode) as ErrorCode | null;
  const words = eventWords(first.event, { provider, count, code });
  if (words === null)
    return { title: `${provider}: ${first.event}${count === 1 ? "" : `, ${count} times`}`, lines: cause };
  const { title, before = [], after = [] } = words;
  return { title, lines: [...before, ...cause, ...after] };
}

/** Whom it is about, in the words of who reads it. */
function tagsOf(deliveries: readonly Delivery[]): string[] {
  const tags = [...new Set(deliveries.flatMap((each) => each.tags))].sort();
  return tags.length === 0
    ? []
    : [`Tags: ${tags.slice(0, mostTags).join(", ")}${tags.length > mostTags ? " ..." : ""}`];
}

function causeOf({ payload, connection_id }: Delivery, count: number): string[] {
  const code = text(payload.errorCode);
  const message = text(payload.message) ?? text(payload.reason);
  const said = [code, message].filter((part) => part !== null).join(": ");
  return [
    ...(said === "" ? [] : [`Cause${count > 1 && message !== null ? " (of the first)" : ""}: ${said}`]),
    ...(connection_id === null || count > 1 ? [] : [`Connection: ${connection_id}`]),
  ];
}
