import type { Io } from "./io.ts";

/** What a command does; the number is the exit code, nothing means 0. */
type Action<Args extends unknown[]> = (io: Io, ...args: Args) => Promise<number | undefined>;

/** Hands a command its surroundings and remembers its exit code. */
export type Run = <Args extends unknown[]>(action: Action<Args>) => (...args: Args) => Promise<void>;
