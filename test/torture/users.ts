import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { TokenOwner } from "@evertoken/core";
import type { IssuedTokenSet } from "../support/token-server.ts";
import type { Ground } from "./ground.ts";
import type { Member } from "./population.ts";

/** Who uses the installation meanwhile: over the API, and by connecting, disconnecting and importing accounts. */
export class Users {
  readonly #ground: Ground;
  #going = true;
  #loops: Promise<void>[] = [];
  /** While a failover may take back what was just written, nobody connects: such an account would be one that never was. */
  #quiet = 0;
  /** What was imported, as it was then. */
  readonly #exports: (readonly [userId: string, account: string, issued: IssuedTokenSet])[] = [];
  readonly counts: Record<string, number> = {};

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  start(): void {
    this.#loops = [
      ...Array.from({ length: 4 }, () => this.#loop(() => this.#callApi(), 150)),
      this.#loop(() => this.#reconnectDead(), 2000),
      this.#loop(() => this.#comeAndGo(), 700),
    ];
  }

  async stop(): Promise<void> {
    this.#going = false;
    await Promise.all(this.#loops);
  }

  /** @returns what lets them go on */
  async quiet(): Promise<() => void> {
    this.#quiet += 1;
    await sleep(1500);
    return () => {
      this.#quiet -= 1;
    };
  }

  tellIds(): void {
    const { idsFile, population } = this.#ground;
    writeFileSync(idsFile, JSON.stringify(population.members.map(({ id }) => id)));
  }

  async #loop(act: () => Promise<void>, aboutMs: number): Promise<void> {
    while (this.#going) {
      await sleep(aboutMs * (0.5 + this.#ground.random()));
      // What fails now, since something is away, the user tries again later.
      if (this.#going) await act().catch(() => undefined);
    }
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  #someone(): Member {
    const { population, random } = this.#ground;
    return population.members[Math.floor(random() * population.members.length)] as Member;
  }

  async #callApi(): Promise<void> {
    const { crew, apiKey, random } = this.#ground;
    const port = crew.at("api")?.port;
    if (port === undefined) return;
    const base = `http://127.0.0.1:${port}/v1/connections/${this.#someone().id}`;
    const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
    const ticket = random();
    // Some callers leave before they are answered.
    const signal = AbortSignal.timeout(random() < 0.2 ? 40 : 10_000);
    const post = (path: string, body: object) =>
      fetch(`${base}/${path}`, { method: "POST", headers, signal, body: JSON.stringify(body) });
    this.#count("asked over HTTP");
    if (ticket < 0.6) await fetch(`${base}/token`, { headers, signal }).then((answer) => answer.text());
    else if (ticket < 0.75) await post("refresh", {}).then((answer) => answer.text());
    else if (ticket < 0.8) await post("refresh", { force: true }).then((answer) => answer.text());
    else await post("schedule", { when: "now" }).then((answer) => answer.text());
  }

  /** Users whose grant really ended see the mail and connect again. One that lives is not healed by this: it has to come back by itself. */
  async #reconnectDead(): Promise<void> {
    const { rig, population } = this.#ground;
    if (this.#quiet > 0) return;
    const { rows } = await rig.pool.query<TokenOwner & { refresh_token: string | null }>(
      "SELECT id, provider, registration, refresh_token FROM connections WHERE status = 'needs_reauth' LIMIT 200",
    );
    const states = await population.states(rows);
    for (const member of population.members.filter(({ id }) => states.get(id)?.alive === false)) {
      if (this.#quiet > 0) return;
      await this.#connect(member.userId, member.account);
      this.#count("reconnected after the grant's end");
    }
  }

  async #comeAndGo(): Promise<void> {
    const { rig, population, random } = this.#ground;
    if (this.#quiet > 0) return;
    const member = this.#someone();
    const ticket = random();
    if (ticket < 0.25) {
      population.left(member);
      await rig.client.connections.disconnect(member.id);
      this.#count("disconnected");
      await this.#connect(member.userId, member.account);
    } else if (ticket < 0.5) {
      await this.#connect(member.userId, member.account);
      this.#count("connected again");
    } else if (ticket < 0.7) {
      await this.#connect(member.userId, member.account, 2);
      this.#count("imported twice at once");
    } else if (ticket < 0.85) {
      const issued = await this.#connect(member.userId, member.account);
      await this.#giveToAnother(issued);
    } else await this.#importOldExport();
  }

  /** One grant has one holder: whoever comes second is refused. */
  async #giveToAnother(issued: IssuedTokenSet): Promise<void> {
    const again = await this.#import(`other-${issued.accountId}`, issued.accountId, issued).then(
      () => "taken",
      (error: { code?: unknown }) => (error.code === "grant_in_use" ? "refused" : "failed"),
    );
    this.#count(`one grant given for two users: ${again}`);
  }

  /** The export that an account came from is imported once more, after its grants were rotated. */
  async #importOldExport(): Promise<void> {
    const [userId, account, issued] = this.#exports[Math.floor(this.#ground.random() * this.#exports.length)] ?? [];
    if (userId === undefined || account === undefined || issued === undefined) return;
    await this.#import(userId, account, issued);
    this.#count("an old export was imported again");
  }

  /** Until it is stored: a consent that was given is not thrown away because Postgres is being restarted. */
  async #connect(userId: string, account: string, times = 1): Promise<IssuedTokenSet> {
    const { population } = this.#ground;
    const issued = await population.issue();
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(500)) {
      const results = await Promise.allSettled(
        Array.from({ length: times }, () => this.#import(userId, account, issued, { overwrite: true })),
      );
      const stored = results.find((result) => result.status === "fulfilled");
      if (stored === undefined) continue;
      population.connected(stored.value.id, userId, account, issued);
      this.#exports.push([userId, account, issued]);
      return issued;
    }
    throw new Error(`the account ${account} could not be connected for a minute`);
  }

  #import(userId: string, account: string, issued: IssuedTokenSet, how: { overwrite?: boolean } = {}) {
    return this.#ground.rig.client.connections.import({
      ...{ userId, externalAccountId: account, provider: this.#ground.rig.provider, ...how },
      ...{ accessToken: issued.accessToken, refreshToken: issued.refreshToken, expiresIn: issued.expiresInSeconds },
    });
  }
}
