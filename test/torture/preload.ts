import { subscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";

/**
 * Loaded into each process under torture (`--import`): its wall clock may be stepped by writing milliseconds into a file, and its
 * requests say whose they are, so that the server's record names the holder of each answer.
 */
const file = process.env.TORTURE_CLOCK ?? "";
let offsetMs = 0;

setInterval(() => {
  try {
    offsetMs = Number(readFileSync(file, "utf8")) || 0;
  } catch {
    // Not stepped yet.
  }
}, 100).unref();

const RealDate = Date;

class SteppedDate extends RealDate {
  constructor(...parts: unknown[]) {
    // @ts-expect-error the constructor takes any of its forms
    super(...(parts.length === 0 ? [RealDate.now() + offsetMs] : parts));
  }
  static override now(): number {
    return RealDate.now() + offsetMs;
  }
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Object.prototype.toString.call(value) === "[object Date]";
  }
}

globalThis.Date = SteppedDate as DateConstructor;

subscribe("http.client.request.created", (message) => {
  const { request } = message as { request: { setHeader(name: string, value: string): void } };
  request.setHeader("x-torture-by", String(process.pid));
});
