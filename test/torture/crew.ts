import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type AppProcess, startProcess } from "../support/app-process.ts";
import { type Program, programFile } from "../support/programs.ts";
import type { Env } from "../support/rig.ts";
import type { Chronicle } from "./chronicle.ts";

export const places = ["worker-1", "worker-2", "scheduler", "api", "caller"] as const;
export type Place = (typeof places)[number];

const programs: Readonly<Record<Place, Program>> = {
  ...{ "worker-1": "worker", "worker-2": "worker", scheduler: "scheduler", api: "api" },
  caller: "torture-caller",
};

interface CrewDeps {
  readonly chronicle: Chronicle;
  /** The settings of each place. */
  readonly envOf: (place: Place) => Env;
  readonly clockFile: (place: Place) => string;
}

const preload = import.meta.resolve("./preload.ts");

/** The processes under torture, each at its place. Whatever ends is started again, as a supervisor would. */
export class Crew {
  readonly #deps: CrewDeps;
  readonly #apps = new Map<Place, AppProcess>();
  readonly #starting = new Map<Place, Promise<void>>();
  readonly #ended: AppProcess[] = [];
  /** What a process said that could not start. */
  readonly #refused: string[] = [];

  constructor(deps: CrewDeps) {
    this.#deps = deps;
  }

  /** All that ever ran, for their output. */
  outputs(): string[] {
    return [...[...this.#ended, ...this.#apps.values()].map((app) => app.output()), ...this.#refused];
  }

  at(place: Place): AppProcess | undefined {
    return this.#apps.get(place);
  }

  /** Two lanes may find the same place empty; one process comes of it. */
  start(place: Place): Promise<void> {
    const starting = this.#starting.get(place) ?? this.#startSoon(place).finally(() => this.#starting.delete(place));
    this.#starting.set(place, starting);
    return starting;
  }

  /** Until it runs: Postgres or Redis may be away at the moment. */
  async #startSoon(place: Place): Promise<void> {
    for (const deadline = Date.now() + 120_000; ; ) {
      try {
        this.#apps.set(place, await this.#launch(place));
        return;
      } catch (error) {
        this.#refused.push(String(error));
        if (Date.now() > deadline) throw error;
        await sleep(300);
      }
    }
  }

  /** Ends it by a signal, and by a second one `hurryMs` later if it takes that long. Not started again. */
  async end(place: Place, signal: NodeJS.Signals, hurryMs?: number): Promise<void> {
    const app = this.#apps.get(place);
    if (app === undefined) return;
    const pid = app.child.pid as number;
    const ended = this.#deps.chronicle.begin(signal === "SIGKILL" ? "killed" : "stopped", pid);
    const stopped = app.stop(signal);
    if (hurryMs !== undefined && (await Promise.race([stopped, sleep(hurryMs, "slow")])) === "slow") {
      this.#deps.chronicle.note("hurried", pid);
      app.child.kill(signal);
    }
    // A stop that does not end would hold up everything; it is a fault of its own, and reported as one.
    if ((await Promise.race([stopped, sleep(60_000, "stuck")])) === "stuck") {
      this.#deps.chronicle.note("neverStopped", pid);
      await app.stop("SIGKILL");
    }
    this.#ended.push(app);
    if (this.#apps.get(place) === app) this.#apps.delete(place);
    ended();
  }

  /** Stands still for a while. */
  async freeze(place: Place, ms: number): Promise<void> {
    const child = this.at(place)?.child;
    if (child === undefined) return;
    const thawed = this.#deps.chronicle.begin("frozen", child.pid as number);
    child.kill("SIGSTOP");
    await sleep(ms);
    child.kill("SIGCONT");
    thawed();
  }

  async stepClock(place: Place, offsetMs: number, ms: number): Promise<void> {
    const back = this.#deps.chronicle.begin("clockStepped", this.at(place)?.child.pid ?? null);
    writeFileSync(this.#deps.clockFile(place), String(offsetMs));
    await sleep(ms);
    writeFileSync(this.#deps.clockFile(place), "0");
    await sleep(200);
    back();
  }

  /** Those that ended by themselves are started again. @returns how many */
  async revive(): Promise<number> {
    let revived = 0;
    for (const place of places) {
      const app = this.#apps.get(place);
      if (app !== undefined && app.child.exitCode === null && app.child.signalCode === null) continue;
      if (app !== undefined) {
        this.#deps.chronicle.note("endedByItself", app.child.pid ?? null);
        this.#ended.push(app);
        this.#apps.delete(place);
        revived += 1;
      }
      await this.start(place);
    }
    return revived;
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#apps.keys()].map((place) => this.end(place, "SIGTERM")));
  }

  async #launch(place: Place): Promise<AppProcess> {
    const env = { NODE_OPTIONS: `--import=${preload}`, TORTURE_CLOCK: this.#deps.clockFile(place) };
    const name = place.replace(/-\d$/, "");
    return startProcess(name, programFile(programs[place]), { ...this.#deps.envOf(place), ...env });
  }
}
