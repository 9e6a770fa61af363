import { type Html, html } from "@evertoken/operations";
import { count } from "./format.ts";

export interface Series {
  readonly name: string;
  readonly tone: "ok" | "wait" | "warn" | "bad" | "plain";
}

export interface Chart {
  /** Unique in its page. */
  readonly id: string;
  readonly title: string;
  /** What a bar stands for, as a column's heading: `Hour`. */
  readonly unit: string;
  readonly series: readonly Series[];
  /** From left to right; a value for each of the series. */
  readonly bars: readonly {
    readonly label: string | Html;
    readonly values: readonly number[];
    /** The label, where it is no text. */
    readonly spoken?: string;
    /** Where what it counts is listed. */
    readonly href?: string;
  }[];
  /** Below the first bar, the middle and the last one. */
  readonly axis: readonly (string | Html)[];
}

const height = 100;
const width = 10;
/** What there is, is seen, however few. */
const least = 1.5;

/** Stacked bars, drawn here; to those who do not see them a sentence, and to all a table. */
export function barChart(chart: Chart): Html {
  const { title, series, bars, axis, id } = chart;
  const most = Math.max(...bars.map(total), 0);
  const sums = series.map(({ name }, index) => `${count(sum(bars.map(({ values }) => values[index] ?? 0)))} ${name}`);
  // A picture has nothing in it that can be followed.
  const leads = bars.some(({ href }) => href !== undefined);
  const spoken = `${title}: ${sums.join(", ")}; most in one bar: ${count(most)}.`;
  return html`<figure><figcaption>${title}<span aria-hidden="true">${most === 0 ? "none" : html`highest ${count(most)}`}</span></figcaption>
<div class="plot"><svg viewBox="0 0 ${bars.length * width} ${height}" preserveAspectRatio="none" role="${leads ? "group" : "img"}" aria-label="${spoken}">
<line class="grid" x1="0" x2="${bars.length * width}" y1="${height / 2}" y2="${height / 2}"/>
${bars.map((bar, index) => drawn(chart, bar, index, most))}</svg></div>
<div class="axis" aria-hidden="true">${axis.map((text) => html`<span>${text}</span>`)}</div>
${series.length < 2 ? null : html`<div class="legend" aria-hidden="true">${series.map(({ name, tone }) => html`<span><i class="f-${tone}"></i>${name}</span>`)}</div>`}
<details id="${id}-table"><summary>As a table</summary><div class="tall" tabindex="0" role="group" aria-label="${title}, as a table">${asTable(chart)}</div></details></figure>`;
}

type Bar = Chart["bars"][number];

function drawn({ series }: Chart, { label, spoken, values, href }: Bar, index: number, most: number): Html {
  let y = height;
  const parts = values.map((value, part) => {
    const tall = value === 0 ? 0 : Math.max((value / most) * height, least);
    y -= tall;
    if (tall === 0) return null;
    return html`<rect class="f-${series[part]?.tone ?? "plain"}" x="${index * width + 1}" y="${round(y)}" width="${width - 2}" height="${round(tall)}"/>`;
  });
  const told = values.flatMap((value, part) => (value === 0 ? [] : [`${count(value)} ${series[part]?.name ?? ""}`]));
  const shown = html`<g><title>${spoken ?? label}: ${told.length === 0 ? "none" : told.join(", ")}</title>
<rect class="slot" x="${index * width}" y="0" width="${width}" height="${height}"/>${parts.filter((part) => part !== null)}</g>`;
  // For pointers; the table has the same ways for everybody.
  return href === undefined || told.length === 0
    ? shown
    : html`<a href="${href}" tabindex="-1" aria-hidden="true">${shown}</a>`;
}

function asTable({ title, unit, series, bars }: Chart): Html {
  return html`<table><caption class="hidden">${title}</caption>
<thead><tr><th scope="col">${unit}</th>${series.map(({ name }) => html`<th scope="col" class="num">${name}</th>`)}</tr></thead>
<tbody>${bars.map(
    ({ label, values, href }) =>
      html`<tr><th scope="row">${href === undefined || sum(values) === 0 ? label : html`<a href="${href}">${label}</a>`}</th>${values.map((value) => html`<td class="num ${value === 0 ? "zero" : ""}">${count(value)}</td>`)}</tr>`,
  )}</tbody></table>`;
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const total = ({ values }: Bar): number => sum(values);
const round = (value: number): string => value.toFixed(2);
