import type { ErrorCode } from "@evertoken/core";
import { circuitAdvice, failureAdvice } from "./advice.ts";
import type { Delivery } from "./delivery.ts";
import { text } from "./webhook-body.ts";

export interface Alert {
  readonly title: string;
  /** Plain, a few lines. */
  readonly lines: readonly string[];
}

/** What a person reads: one message for all events of one cause. Users are not named. */
export function alertText(deliveries: readonly Delivery[], providerName: (id: string) => string): Alert {
  const [first] = deliveries;
  if (first === undefined) throw new Error("an alert needs an event");
  const name = providerName(first.provider);
  const count = deliveries.length;
  const who = count === 1 ? "a connection" : `${count} connections`;
  const cause = causeOf(first, count);
  const code = text(first.payload.errorCode) as ErrorCode | null;
  switch (first.event) {
    case "provider.circuit_opened": {
      const { title, todo } = circuitAdvice(code === "unknown_answer" || code === "mass_denial" ? code : null);
      return alert(`${name} ${title}`, ["Its refreshes are paused; no connection is lost.", ...cause, todo]);
    }
    case "provider.circuit_closed":
      return alert(`${name} works again`, ["Its refreshes go on.", ...cause]);
    case "installation.held":
      return alert("Evertoken is held: nothing is refreshed", [
        ...cause,
        "Run `evertoken adopt`: it shows what to decide.",
      ]);
    case "installation.released":
      return alert("Evertoken goes on", ["An operator has said which database is true."]);
    case "connection.needs_reauth":
      return alert(`${name}: ${who} ${count === 1 ? "needs its user" : "need their users"} to reconnect`, cause);
    case "connection.reauth_due":
      return alert(`${name}: ${who} ${count === 1 ? "needs its user" : "need their users"} to reconnect soon`, [
        "The consent ends, and no refresh can move that.",
        ...cause,
      ]);
    case "token.refresh_failed":
      return alert(`${name}: ${who} cannot be refreshed`, [failureAdvice(code) ?? "We keep trying.", ...cause]);
    default:
      return alert(`${name}: ${first.event}${count === 1 ? "" : `, ${count} times`}`, cause);
  }
}

function alert(title: string, lines: readonly string[]): Alert {
  return { title, lines };
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
