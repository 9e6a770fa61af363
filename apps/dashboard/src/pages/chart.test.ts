import { expect, test } from "vitest";
import { barChart } from "./chart.ts";

const chart = (bars: readonly (readonly number[])[]) =>
  barChart({
    ...{ id: "c", title: "Rise & fall", unit: "Hour", axis: ["a", "b"] },
    series: [
      { name: "good", tone: "ok" },
      { name: "<bad>", tone: "bad" },
    ],
    bars: bars.map((values, index) => ({ label: `${index}:00`, values })),
  }).text;

const heights = (text: string) =>
  [...text.matchAll(/<rect class="f-[^>]* height="([\d.]+)"/g)].map(([, tall]) => Number(tall));

test("bars are as tall as their values, stacked upwards, and what is small is still seen", () => {
  const text = chart([
    [50, 50],
    [25, 0],
    [0, 0.001],
  ]);
  expect(heights(text)).toEqual([50, 50, 25, 1.5]);
  expect(text).toMatch(/y="50.00"[^>]*height="50.00"\/><rect class="f-bad" [^>]*y="0.00"/);
});

test("it is told in words and as a table, whatever the names hold", () => {
  const text = chart([[2, 1]]);
  expect(text).toContain('aria-label="Rise &amp; fall: 2 good, 1 &lt;bad&gt;; most in one bar: 3."');
  expect(text).toContain('<tr><th scope="row">0:00</th><td class="num ">2</td><td class="num ">1</td></tr>');
});

test("nothing at all is no division by nothing", () => {
  expect(heights(chart([[0, 0]]))).toEqual([]);
  expect(chart([])).not.toMatch(/NaN|Infinity/);
});
