import { h, replace, state, rate, perSecond, percent, time, ago } from "./dom.js";
import { get, jobPath } from "./api.js";
import { spark } from "./spark.js";

const ROW = 46;
const order = ["failed", "doubtful", "blocked", "not scalable", "scaling", "catching up", "waiting", "paused", "filling", "not running", "steady"];
const columns = [
  { id: "state", name: "State", class: "c-state", key: (j) => order.indexOf(word(j)) },
  { id: "name", name: "Job", key: (j) => j.name.toLowerCase() },
  { id: "load", name: "Load and capacity", class: "c-load", key: (j) => -(j.source ?? -1) },
  { id: "parallelism", name: "Parallelism", class: "c-n n", key: (j) => -j.parallelism },
  { id: "busy", name: "Busy", class: "c-n n", key: (j) => -(j.busy ?? -1) },
  { id: "lag", name: "Lag", class: "c-n n", key: (j) => -(j.lag ?? -1) },
  { id: "scaled", name: "Last rescale", class: "c-when", key: (j) => -(Date.parse(j.scaled ?? 0) || 0) },
];
const word = (j) => (j.failure ? "failed" : j.state);

// What the viewer chose outlives a look at another page.
const view = { words: "", state: "", sort: "state", down: false, top: 0 };

export async function fleet(main, page) {
  let jobs = [], shown = [], now = new Date();
  const chips = h("div", { class: "chips", role: "group", "aria-label": "States" });
  const search = h("input", { type: "search", placeholder: "Search jobs and clusters", "aria-label": "Search jobs and clusters", "aria-keyshortcuts": "/", value: view.words,
    oninput: () => { view.words = search.value; draw(true); } });
  const pauseAll = page.canAct() && h("button", { type: "button", onclick: () => page.pauseAll() }, "Pause all…");
  const held = h("p", {});
  const counted = h("p", { class: "dim small", role: "status" });
  const head = h("tr", {}), body = h("tbody", {});
  const table = h("table", { "aria-label": "Jobs" }, h("thead", {}, head), body);
  const scroll = h("div", { class: "scroll fleet", tabindex: "-1", onscroll: () => { view.top = scroll.scrollTop; window.requestAnimationFrame(rows); } }, table);
  replace(main, h("h1", {}, "Fleet"), h("div", { class: "row tools" }, search, chips, h("span", { class: "grow" }), pauseAll), held, counted, scroll);
  window.addEventListener("scroll", rows, { passive: true });
  window.addEventListener("resize", rows);
  page.closing(() => { window.removeEventListener("scroll", rows); window.removeEventListener("resize", rows); });

  function header() {
    replace(head, columns.map((c) => {
      const is = view.sort === c.id;
      return h("th", { class: c.class, scope: "col", "aria-sort": is ? (view.down ? "descending" : "ascending") : "none" },
        h("button", { type: "button", onclick: () => { view.down = is && !view.down; view.sort = c.id; draw(true); } }, c.name, is ? (view.down ? " ↓" : " ↑") : ""));
    }));
  }
  function filters() {
    const counts = new Map();
    for (const j of jobs) counts.set(word(j), (counts.get(word(j)) ?? 0) + 1);
    replace(chips, order.filter((o) => counts.has(o)).map((o) =>
      h("button", { type: "button", class: view.state === o ? "on" : "", "aria-pressed": String(view.state === o), onclick: () => { view.state = view.state === o ? "" : o; draw(true); } },
        state(o), ` ${counts.get(o)}`)));
  }
  function draw(begin) {
    const words = view.words.toLowerCase().split(/\s+/).filter(Boolean);
    shown = jobs.filter((j) => {
      const text = `${j.cluster} ${j.name} ${j.job}`.toLowerCase();
      return (!view.state || word(j) === view.state) && words.every((w) => text.includes(w));
    });
    const key = columns.find((c) => c.id === view.sort).key;
    shown.sort((a, b) => {
      const x = key(a), y = key(b);
      return (x < y ? -1 : x > y ? 1 : a.name.localeCompare(b.name) || a.job.localeCompare(b.job)) * (view.down ? -1 : 1);
    });
    header();
    filters();
    table.setAttribute("aria-rowcount", shown.length + 1);
    const total = shown.reduce((n, j) => n + j.parallelism, 0);
    counted.textContent = jobs.length === 0 ? "" : `${shown.length} of ${jobs.length} jobs, ${total} subtasks`;
    if (begin) scroll.scrollTop = 0;
    rows(true);
  }
  // Only the rows that are seen exist: a thousand jobs stay smooth.
  let first = -1, last = -1;
  function rows(anew) {
    if (!scroll.isConnected) return;
    const own = scroll.scrollHeight > scroll.clientHeight + 1;
    const above = own ? scroll.scrollTop : Math.max(0, -scroll.getBoundingClientRect().top);
    const from = Math.max(0, Math.floor(above / ROW) - 8), to = Math.min(shown.length, from + Math.ceil(window.innerHeight / ROW) + 20);
    if (anew !== true && from === first && to === last) return;
    [first, last] = [from, to];
    const focused = document.activeElement?.closest?.("tr.job")?.dataset.key;
    const space = (n) => {
      const row = h("tr", { class: "spacer", "aria-hidden": "true" }, h("td", { colspan: columns.length }));
      row.style.height = `${n * ROW}px`;
      return row;
    };
    replace(body, shown.length === 0 ? h("tr", {}, h("td", { colspan: columns.length, class: "empty" }, jobs.length ? "No job fits the search." : "No job is watched yet. Jobs show here after the first look at their cluster.")) : [],
      space(from), shown.slice(from, to).map((j, i) => row(j, from + i)), space(shown.length - to));
    if (focused) body.querySelector(`tr[data-key="${CSS.escape(focused)}"] a`)?.focus();
  }
  function row(j, index) {
    const link = jobPath(j);
    const more = j.failure ? j.failure.text : j.why;
    return h("tr", { class: "job", "data-key": `${j.cluster}/${j.job}`, "aria-rowindex": index + 2, onclick: (e) => { if (!e.target.closest("a")) page.go(link); } },
      h("td", { class: "c-state" }, state(word(j))),
      h("td", {}, h("a", { href: link, title: j.name }, j.name || j.job), h("span", { class: "small dim", title: more }, j.cluster === "-" ? "" : j.cluster + " · ", more || j.job)),
      h("td", { class: "c-load" }, h("div", { class: "load" }, spark(j.spark, 120, 32, `Load now ${perSecond(j.source)}, capacity ${perSecond(j.capacity)}`),
        h("span", {}, perSecond(j.source), h("span", { class: "small dim" }, "of " + perSecond(j.capacity))))),
      h("td", { class: "c-n n" }, j.wanted === j.parallelism ? j.parallelism : `${j.parallelism} → ${j.wanted}`),
      h("td", { class: "c-n n" }, percent(j.busy)),
      h("td", { class: "c-n n" }, rate(j.lag)),
      h("td", { class: "c-when small" }, j.scaled ? [time(j.scaled), h("span", { class: "small dim" }, ago(j.scaled, now))] : h("span", { class: "dim" }, "none yet")));
  }
  page.keys({
    "/": () => search.focus(),
    j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1),
  });
  function step(by) {
    const links = [...body.querySelectorAll("tr.job a")];
    const at = links.indexOf(document.activeElement);
    links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
  }
  let begun = false;
  return async (signal) => {
    const answer = await get("/jobs", signal);
    jobs = answer.jobs;
    replace(held, answer.hold && [state("paused"), ` All jobs are ${answer.hold.text}. `, page.canAct() && h("button", { type: "button", onclick: () => page.resumeAll() }, "Resume all")]);
    now = page.now();
    draw(false);
    if (!begun) { begun = true; scroll.scrollTop = view.top; }
  };
}
