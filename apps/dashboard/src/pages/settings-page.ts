import type { LiveProcess, ToldSetting } from "@evertoken/adapters";
import { type Html, html } from "@evertoken/operations";
import { bothTimes, dash, pill, relative } from "./format.ts";
import { liveToggle } from "./page.ts";

export interface SettingsPage {
  readonly now: Date;
  readonly settings: readonly ToldSetting[];
  readonly warnings: readonly string[];
  readonly processes: readonly LiveProcess[];
  /** This one, `host:pid:random`; empty: it is not counted. */
  readonly own: string;
  readonly version: string;
  readonly postgres: string;
  /** null: Redis does not answer. */
  readonly redis: string | null;
  readonly migration: string;
  readonly instance: { readonly identity: string; readonly adoptedAt: Date } | null;
  /** The one that encrypts. */
  readonly keyId: string;
}

export function settingsPage(page: SettingsPage): Html {
  const { now, version, postgres, redis, migration, instance, keyId, warnings, settings } = page;
  return html`<div class="head"><h1>Settings</h1><div class="side">${liveToggle}</div></div>
<section class="card" aria-labelledby="instance"><h2 id="instance">Installation</h2><dl class="facts">
<dt>Evertoken</dt><dd>${version}</dd><dt>Node.js</dt><dd>${process.version}</dd><dt>Postgres</dt><dd>${postgres}</dd>
<dt>Redis</dt><dd>${redis ?? "does not answer"}</dd><dt>Last migration</dt><dd class="any">${migration}</dd>
<dt>Identity</dt><dd class="code">${instance?.identity ?? dash}</dd><dt>Adopted</dt><dd>${bothTimes(instance?.adoptedAt ?? null, now)}</dd>
<dt>Key that encrypts</dt><dd class="code">${keyId}</dd></dl></section>
<section class="card" aria-labelledby="live"><h2 id="live">Live processes</h2><div id="processes" data-part>${processTable(page)}</div></section>
<section class="card" aria-labelledby="set"><h2 id="set">What this process runs with</h2>
<p class="small dim">Of secrets nothing is told but whether they are set. Others may have been started with other settings: this is the dashboard that answered.</p>
${warnings.map((warning) => html`<p class="banner warn gap">${warning}</p>`)}
<div class="scroll gap"><table class="stack"><caption class="hidden">Settings</caption>
<thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">From</th></tr></thead>
<tbody>${settings.map(line)}</tbody></table></div></section>`;
}

function processTable({ processes, own, keyId, version, now }: SettingsPage): Html {
  if (processes.length === 0) return html`<p class="dim">None has been heard of in the last minute and a half.</p>`;
  return html`<div class="scroll"><table class="stack"><caption class="hidden">Live processes</caption>
<thead><tr><th scope="col">Role</th><th scope="col">Host</th><th scope="col">Process</th><th scope="col">Version</th><th scope="col">Keys</th><th scope="col">Started</th><th scope="col">Heard of</th></tr></thead>
<tbody>${processes.map((each) => {
    const [host = "", pid = ""] = each.id.split(":");
    const others = each.version !== null && each.version !== version ? pill("another", "warn") : null;
    return html`<tr><th scope="row">${each.name}${each.id === own ? html` <span class="dim">(this one)</span>` : null}</th>
<td data-label="Host" class="any">${host}</td><td data-label="Process">${pid}</td><td data-label="Version">${each.version ?? dash} ${others}</td>
<td data-label="Keys" class="code any">${each.keyIds.join(" ")} ${each.keyIds.includes(keyId) ? null : pill("lacks the one that encrypts", "bad")}</td>
<td data-label="Started">${relative(each.startedAt, now)}</td><td data-label="Heard of">${relative(each.seenAt, now)}</td></tr>`;
  })}</tbody></table></div>`;
}

const line = ({ name, given, secret, value }: ToldSetting): Html =>
  html`<tr><th scope="row" class="code any">${name}</th>
<td data-label="Value" class="any">${secret ? html`<span class="dim">${given ? "set, not shown" : "not set"}</span>` : (shown(value) ?? dash)}</td>
<td data-label="From">${given ? "set" : html`<span class="dim">default</span>`}</td></tr>`;

/** No address of ours holds a password; somebody else's might. */
const shown = (value: string | null): string | null => value?.replace(/(:\/\/)[^/@\s]*@/, "$1…@") ?? null;
