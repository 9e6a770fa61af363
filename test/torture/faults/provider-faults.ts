import { setTimeout as sleep } from "node:timers/promises";
import { type Behaviour, lies } from "../../support/token-server.ts";
import { type Fault, type Faults, pick } from "./fault.ts";

/** So, for this share of all requests, for some seconds. */
const behaves =
  (share: number, behaviour: Behaviour, shortestMs: number, longestMs: number): Fault =>
  async ({ ground: { rig }, random }) => {
    await rig.server.behave({ kind: "mix", of: [{ share, behaviour }] });
    await sleep(shortestMs + random() * (longestMs - shortestMs));
    await rig.server.behave({ kind: "honest" });
  };

/** The next one only, since it costs a grant: the provider spent the token, and nobody can know the next one. */
const eatsOne =
  (behaviours: readonly Behaviour[]): Fault =>
  ({ ground: { rig }, random }) =>
    rig.server.behave(pick(behaviours, random), { next: 1 });

export const providerFaults: Faults = {
  hangs: behaves(0.3, { kind: "hang" }, 1000, 4000),
  fails: behaves(0.6, lies.serverError, 1000, 5000),
  unavailable: behaves(1, lies.unavailable(1), 1000, 3000),
  throttles: behaves(0.3, lies.throttled(2), 1000, 3000),
  resets: behaves(0.4, { kind: "reset_before_reading" }, 500, 2000),
  redirects: behaves(0.4, lies.redirect(), 1000, 4000),
  answersPages: behaves(0.4, { ...lies.html200, status: 403 }, 1000, 4000),
  /** It happened: an outage during which every grant was refused in the words of a dead one. */
  deniesAll: behaves(1, lies.invalidGrant, 1500, 5000),
  deniesMany: behaves(0.5, lies.invalidGrant, 1500, 5000),
  refusesClient: behaves(1, lies.invalidClient, 1000, 3000),
  losesAnswer: eatsOne([
    { kind: "hang", spends: true },
    { kind: "cut_before_answer" },
    { kind: "cut_mid_body" },
    { kind: "trickle", byteMs: 100 },
    { ...lies.serverError, spends: true },
  ]),
  tricklesInTime: behaves(0.3, { kind: "trickle", byteMs: 2 }, 1000, 3000),
  async freezeProvider({ ground: { serverPid }, random }) {
    process.kill(serverPid, "SIGSTOP");
    await sleep(500 + random() * 1500);
    process.kill(serverPid, "SIGCONT");
  },
};
