import { h, replace, redraw, time, timed } from "./dom.js";
import { get, jobPath } from "./api.js";

export function eventTable(events, oneJob) {
  if (events.length === 0) return h("p", { class: "empty" }, "Nothing has happened yet.");
  const repeated = events.some((e) => e.times > 1);
  return h("div", { class: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, ["Time", !oneJob && "Job", "Event", "What happened", repeated && "Times"].filter(Boolean).map((c) => h("th", { scope: "col" }, c)))),
    h("tbody", {}, events.map((e) => h("tr", {},
      h("td", { class: "small" }, time(e.at, true)),
      !oneJob && h("td", {}, e.job ? h("a", { href: jobPath(e) }, e.name || e.job) : h("span", { class: "dim" }, "all")),
      h("td", { class: e.type === "Warning" ? "state blocked" : "" }, e.type === "Warning" ? "⚠ " : "", e.reason),
      h("td", { class: "text" }, timed(e.message, e.at)), repeated && h("td", { class: "n" }, e.times > 1 ? e.times : ""))))));
}

export async function events(main, page) {
  const place = h("div", {}), words = h("input", { type: "search", placeholder: "Search events", "aria-label": "Search events", oninput: () => draw() });
  let all = [];
  replace(main, h("h1", {}, "Events"), h("div", { class: "row tools" }, words), place);
  page.keys({ "/": () => words.focus() });
  function draw() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = all.filter((e) => wanted.every((w) => `${e.name} ${e.cluster} ${e.reason} ${e.message} ${e.type}`.toLowerCase().includes(w)));
    redraw(place, shown, () => eventTable(shown));
  }
  return async (signal) => {
    all = (await get("/events?limit=500", signal)).events.reverse();
    draw();
  };
}
