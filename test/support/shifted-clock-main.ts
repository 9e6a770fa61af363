import { readFileSync } from "node:fs";

/**
 * Preloaded into a process (`--import`), it shows it a wall clock that is off by the milliseconds in the file CLOCK_SHIFT_FILE, read anew
 * whenever it is asked: so a test can set the clock while the process runs. The monotonic clock stays as it is.
 */
const Real = Date;
const file = process.env.CLOCK_SHIFT_FILE as string;

function shiftMs(): number {
  try {
    return Number(readFileSync(file, "utf8")) || 0;
  } catch {
    return 0;
  }
}

const shifted = () => Real.now() + shiftMs();

globalThis.Date = new Proxy(Real, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [shifted()] : args, newTarget),
  apply: () => new Real(shifted()).toString(),
  get: (target, name, receiver) => (name === "now" ? shifted : Reflect.get(target, name, receiver)),
});
