import { describeError } from "./logger.ts";

const minuteMs = 60_000;
/** Messages that carry something of their own, such as a port, are not remembered for ever. */
const mostRemembered = 100;

/** A server that is away, or refuses what it is asked, would fill the log with the same line at every attempt. */
export function onceAMinute<E>(log: (error: E) => void): (error: E) => void {
  const said = new Map<string, number>();
  return (error) => {
    const { code, message } = describeError(error);
    const key = `${code} ${message}`;
    if (Date.now() - (said.get(key) ?? Number.NEGATIVE_INFINITY) < minuteMs) return;
    if (said.size >= mostRemembered) said.clear();
    said.set(key, Date.now());
    log(error);
  };
}
