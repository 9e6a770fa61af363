/**
 * What pages do where scripts run; without it all of them work, and are brought up to date by reloading. Written for the browser as it
 * is: nothing compiles it. Parts are replaced only where they differ, so that nothing flickers, scrolls or loses its focus.
 */
export const script = `
"use strict";
(() => {
  const live = document.querySelector("[data-live]");
  const toggle = document.querySelector("[data-toggle]");
  const was = new Map();
  let paused = false;

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const wall = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });
  const named = new Intl.DateTimeFormat("en", { timeZoneName: "short" });
  const zoneAt = (time) => named.formatToParts(time).find(({ type }) => type === "timeZoneName").value;
  const local = (iso) => wall.format(new Date(iso)) + " " + zoneAt(new Date(iso));
  const tellTimes = (within) => {
    for (const each of within.querySelectorAll("[data-at]")) each.textContent = local(each.dataset.at);
    for (const each of within.querySelectorAll("[data-hour]")) each.textContent = wall.format(new Date(each.dataset.hour)).slice(each.dataset.day === undefined ? 11 : 5, each.dataset.day === undefined ? 16 : 10);
    for (const each of within.querySelectorAll("time[data-title]")) each.title = local(each.dateTime);
  };
  tellTimes(document);
  for (const each of document.querySelectorAll("[data-zone]")) each.textContent = zone + " (" + zoneAt(new Date()) + ")";
  for (const field of document.querySelectorAll("input[name=zone]")) {
    if (field.value !== "") continue;
    field.value = zone;
    for (const each of field.form.querySelectorAll("[data-zone-name]")) each.textContent = zone;
  }

  const whole = document.querySelector("[data-all]");
  if (whole !== null) {
    const [all] = whole.children;
    const boxes = [...document.querySelectorAll("input[name=id]")];
    const tell = () => {
      const ticked = boxes.filter(({ checked }) => checked).length;
      all.checked = ticked === boxes.length;
      all.indeterminate = ticked > 0 && !all.checked;
      for (const each of document.querySelectorAll("[data-chosen]")) each.textContent = ticked === 0 ? "" : " (" + ticked + ")";
    };
    const choose = () => {
      document.querySelector("input[name=which][value=chosen]").checked = true;
      tell();
    };
    whole.hidden = false;
    all.addEventListener("change", () => {
      for (const each of boxes) each.checked = all.checked;
      choose();
    });
    for (const each of boxes) each.addEventListener("change", choose);
    tell();
  }

  const busy = (part) => part.contains(document.activeElement) || (getSelection().type === "Range" && part.contains(getSelection().anchorNode));
  const replace = (part, next) => {
    const open = [...part.querySelectorAll("details[open][id]")].map(({ id }) => id);
    const scrolled = [...part.querySelectorAll(".scroll,.tall")].map(({ scrollLeft, scrollTop }) => [scrollLeft, scrollTop]);
    const known = new Set([...part.querySelectorAll("[data-entry]")].map(({ dataset }) => dataset.entry));
    part.replaceChildren(...next.childNodes);
    tellTimes(part);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    part.querySelectorAll(".scroll,.tall").forEach((each, index) => each.scrollTo(...(scrolled[index] ?? [0, 0])));
    for (const entry of part.querySelectorAll("[data-entry]")) if (known.size > 0 && !known.has(entry.dataset.entry)) entry.classList.add("fresh");
  };
  const update = async () => {
    if (paused || document.hidden) return;
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.redirected) return location.reload();
    if (!answer.ok) throw new Error(answer.status);
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-part]")) {
      const fresh = next.getElementById(part.id);
      if (fresh === null || busy(part) || fresh.innerHTML === was.get(part.id)) continue;
      was.set(part.id, fresh.innerHTML);
      replace(part, fresh);
    }
  };
  const note = (text) => {
    if (toggle !== null) toggle.textContent = text;
  };
  if (live !== null && toggle !== null) {
    toggle.hidden = false;
    toggle.addEventListener("click", () => {
      paused = !paused;
      toggle.setAttribute("aria-pressed", String(!paused));
      note(paused ? "Paused" : "Live");
    });
    setInterval(() => update().then(() => note(paused ? "Paused" : "Live"), () => note("No answer, trying again")), Number(live.dataset.live) * 1000);
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener("click", async () => {
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        document.execCommand("copy");
      }
      button.textContent = "Copied";
    });
  }
})();
`;
