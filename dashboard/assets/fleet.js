import { h, replace, redraw, state, shape, rate, perSecond, percent, count, time, timed, ago } from "./dom.js";
import { list, jobPath } from "./api.js";
import { spark } from "./spark.js";
import { isAway, awayText } from "./away.js";

const ROW = 46;
const order = ["failed", "away", "doubtful", "blocked", "not scalable", "scaling", "catching up", "waiting", "paused", "filling", "not running", "unknown", "steady"];
const columns = [
  { id: "state", name: "State", class: "c-state", key: (j) => order.indexOf(word(j)) },
  { id: "name", name: "Job", key: (j) => j.name.toLowerCase() },
  { id: "load", name: "Load and capacity", class: "c-load", key: (j) => -(j.source ?? -1) },
  { id: "parallelism", name: "Parallelism", class: "c-n c-p n", key: (j) => -(j.parallelism ?? 0) },
  { id: "busy", name: "Busy", class: "c-n c-small n", key: (j) => -(j.busy ?? -1) },
  { id: "lag", name: "Lag", class: "c-n c-small n", key: (j) => -(j.lag ?? -1) },
  { id: "decided", name: "Last decision", class: "c-decided", key: (j) => -(Date.parse(j.decided?.at ?? 0) || 0) },
  { id: "scaled", name: "Last rescale", class: "c-when", key: (j) => -(Date.parse(j.scaled ?? 0) || 0) },
];
const word = (j) => (j.failure ? "failed" : j.state || "unknown");
const subtasks = (j) => (!(j.wanted > 0) || j.wanted === j.parallelism ? count(j.parallelism) : `${count(j.parallelism)} → ${j.wanted}`);

// What the viewer chose outlives a look at another page.
const view = { words: "", state: "", sort: "state", down: false, top: 0 };

export async function fleet(main, page) {
  let jobs = [], shown = [], now = new Date();
  const chips = h("div", { class: "chips", role: "group", "aria-label": "States" });
  const search = h("input", { type: "search", placeholder: "Search jobs and clusters", "aria-label": "Search jobs and clusters", "aria-keyshortcuts": "/", value: view.words,
    oninput: () => { view.words = search.value; draw(true); }, onkeydown: (e) => { if (e.key === "ArrowDown" || e.key === "Enter") { e.preventDefault(); go(0); } } });
  const pauseAll = page.canAct() && h("button", { type: "button", onclick: () => page.pauseAll() }, "Pause all…");
  const held = h("p", { class: "held" });
  const counted = h("p", { class: "dim small", role: "status" });
  const head = h("tr", {}), body = h("tbody", {});
  const table = h("table", { "aria-label": "Jobs" }, h("thead", {}, head), body);
  const scroll = h("div", { class: "scroll fleet", tabindex: "-1", onscroll: () => { view.top = scroll.scrollTop; window.requestAnimationFrame(rows); } }, table);
  replace(main, h("h1", {}, "Fleet"), h("div", { class: "row tools" }, search, chips, h("span", { class: "grow" }), pauseAll), held, counted, scroll);
  window.addEventListener("scroll", rows, { passive: true });
  window.addEventListener("resize", rows);
  page.closing(() => { window.removeEventListener("scroll", rows); window.removeEventListener("resize", rows); });

  const tops = columns.map((c) => {
    const arrow = h("span", { "aria-hidden": "true" });
    const th = h("th", { class: c.class, scope: "col" }, h("button", { type: "button", onclick: () => { view.down = view.sort === c.id && !view.down; view.sort = c.id; draw(true); } }, c.name, arrow));
    return { ...c, th, arrow };
  });
  replace(head, tops.map((c) => c.th));
  function header() {
    for (const c of tops) {
      const is = view.sort === c.id;
      c.th.setAttribute("aria-sort", is ? (view.down ? "descending" : "ascending") : "none");
      c.arrow.textContent = is ? (view.down ? " ↓" : " ↑") : "";
    }
  }
  function filters() {
    const counts = new Map();
    for (const j of jobs) counts.set(word(j), (counts.get(word(j)) ?? 0) + 1);
    const focused = chips.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    redraw(chips, [[...counts], view.state], () => order.filter((o) => counts.has(o) || view.state === o).map((o) =>
      h("button", { type: "button", class: view.state === o ? "on" : "", "data-key": o, "aria-pressed": String(view.state === o), onclick: () => { view.state = view.state === o ? "" : o; draw(true); } },
        state(o), ` ${counts.get(o) ?? 0}`)));
    if (focused) chips.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }
  function draw(begin) {
    const words = view.words.toLowerCase().split(/\s+/).filter(Boolean);
    shown = jobs.filter((j) => (!view.state || word(j) === view.state) && words.every((w) => j.text.includes(w)));
    const key = columns.find((c) => c.id === view.sort).key, keys = new Map(shown.map((j) => [j, key(j)]));
    shown.sort((a, b) => {
      const x = keys.get(a), y = keys.get(b);
      return (x < y ? -1 : x > y ? 1 : compare(a.name, b.name) || compare(a.job, b.job)) * (view.down ? -1 : 1);
    });
    header();
    filters();
    table.setAttribute("aria-rowcount", shown.length + 1);
    const total = shown.reduce((n, j) => n + Math.max(0, j.parallelism ?? 0), 0);
    counted.textContent = jobs.length === 0 ? "" : `${shown.length} of ${jobs.length} jobs, ${count(total)} subtasks`;
    if (begin) scroll.scrollTop = 0;
    rows(true);
  }
  // Why there is no job: one waits for the first look, unless a cluster cannot be looked at.
  function nothing() {
    const away = page.clusters().filter(isAway);
    return away.length ? ["No job is known. ", away.map((c) => h("span", { class: "line" }, awayText(c)))] : "No job is watched yet. Jobs show here after the first look at their cluster.";
  }
  // Only the rows that are seen exist: a thousand jobs stay smooth.
  let first = -1, last = -1;
  const spacer = () => h("tr", { class: "spacer", "aria-hidden": "true" }, h("td", {}));
  const above = spacer(), below = spacer();
  function rows(anew) {
    if (!scroll.isConnected) return;
    const own = scroll.scrollHeight > scroll.clientHeight + 1;
    const past = own ? scroll.scrollTop : Math.max(0, -scroll.getBoundingClientRect().top);
    const from = Math.max(0, Math.floor(past / ROW / 4) * 4 - 8), to = Math.min(shown.length, from + Math.ceil(window.innerHeight / ROW) + 20);
    if (anew !== true && from === first && to === last) return;
    const at = body.contains(document.activeElement) ? { key: document.activeElement.closest("tr").dataset.key, href: document.activeElement.getAttribute("href") } : null;
    const kept = anew !== true && from < last && first < to;
    if (kept) {
      for (let i = first; i < Math.min(from, last); i++) above.nextSibling.remove();
      for (let i = last; i > Math.max(to, first); i--) below.previousSibling.remove();
      above.after(...shown.slice(from, first).map((j, i) => row(j, from + i)));
      below.before(...shown.slice(Math.max(last, from), to).map((j, i) => row(j, Math.max(last, from) + i)));
    } else {
      const across = tops.filter((c) => c.th.offsetWidth > 0).length || 1; // a phone shows fewer columns
      const had = new Map([...body.querySelectorAll("tr.job")].map((tr) => [tr.dataset.key, tr]));
      const fresh = shown.slice(from, to).map((j, i) => {
        const tr = had.get(keyOf(j));
        tr?.update(j, from + i);
        return tr ?? row(j, from + i);
      });
      place(shown.length === 0 ? h("tr", {}, h("td", { colspan: across, class: "empty" }, jobs.length ? "No job fits the search." : nothing())) : null,
        above, ...fresh, below);
    }
    above.style.height = `${from * ROW}px`;
    below.style.height = `${(shown.length - to) * ROW}px`;
    [first, last] = [from, to];
    if (at && !body.contains(document.activeElement)) [...body.querySelectorAll(`tr[data-key="${CSS.escape(at.key)}"] a`)].find((a) => a.getAttribute("href") === at.href)?.focus({ preventScroll: true });
  }
  // Puts the rows where they belong; those that stand there are not touched.
  function place(...wanted) {
    const all = wanted.filter(Boolean), keep = new Set(all);
    for (const child of [...body.children]) if (!keep.has(child)) child.remove();
    all.forEach((tr, i) => { if (body.children[i] !== tr) body.insertBefore(tr, body.children[i] ?? null); });
  }
  const keyOf = (j) => `${j.cluster}/${j.job}`;
  // A row lives as long as its job is seen, so that no click on it is lost.
  function row(j, index) {
    const link = jobPath(j), cells = columns.map((c) => h("td", { class: c.class })), name = h("a", { href: link }), more = h("span", { class: "small dim" });
    cells[1].append(name, more);
    const tr = h("tr", { class: "job", "data-key": keyOf(j), onclick: (e) => { if (!e.target.closest("a")) page.go(link); } }, cells);
    tr.update = (j, index) => {
      tr.setAttribute("aria-rowindex", index + 2);
      const why = (j.failure ? j.failure.text : j.why) ?? "", under = (j.cluster === "-" ? "" : j.cluster + " · ") + (why || j.job), called = j.name || j.job;
      if (name.textContent !== called) [name.textContent, name.title] = [called, called];
      if (more.title !== (why || j.job)) more.title = why || j.job;
      redraw(more, [under, j.seen?.slice(0, 10)], () => timed(under, j.seen));
      tr.classList.toggle("stale", word(j) === "away");
      redraw(cells[0], word(j), () => state(word(j)));
      redraw(cells[2], [j.spark, j.source, j.capacity], () => h("div", { class: "load" }, spark(j.spark, 120, 32, `Load now ${perSecond(j.source)}, capacity ${perSecond(j.capacity)}`),
        h("span", {}, perSecond(j.source), h("span", { class: "small dim" }, "of " + perSecond(j.capacity)))));
      redraw(cells[3], subtasks(j), () => subtasks(j));
      redraw(cells[4], percent(j.busy), () => percent(j.busy));
      redraw(cells[5], rate(j.lag), () => rate(j.lag));
      redraw(cells[6], [j.decided, j.decided && ago(j.decided.at, now)], () => (j.decided ? brief(link, j.decided) : h("span", { class: "dim" }, "none yet")));
      redraw(cells[7], [j.rescaled, j.scaled, j.scaled && ago(j.scaled, now)], () => (j.rescaled ? brief(link, j.rescaled) : j.scaled ? [time(j.scaled), h("span", { class: "small dim" }, ago(j.scaled, now))] : h("span", { class: "dim" }, "none yet")));
    };
    tr.update(j, index);
    return tr;
  }
  const brief = (link, d) => [h("a", { class: "plain", href: `${link}?decision=${d.id}`, title: d.text }, d.scale ? shape(d.up, d.down) + " " : "", d.text), h("span", { class: "small dim" }, time(d.at), " · ", ago(d.at, now))];
  page.keys({
    "/": () => { search.focus(); search.select(); },
    j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1),
    PageDown: () => step(10), PageUp: () => step(-10), Home: () => go(0), End: () => go(shown.length - 1),
  });
  function step(by) {
    const key = document.activeElement?.closest?.("tr.job")?.dataset.key, at = shown.findIndex((j) => keyOf(j) === key);
    go(at < 0 ? (by > 0 ? Math.max(0, Math.ceil(scroll.scrollTop / ROW)) : 0) : at + by);
  }
  // A row that is not drawn yet is brought into view first.
  function go(index) {
    if (shown.length === 0) return;
    const j = shown[Math.min(shown.length - 1, Math.max(0, index))], at = shown.indexOf(j), find = () => body.querySelector(`tr[data-key="${CSS.escape(keyOf(j))}"] a`);
    const top = at * ROW, seen = scroll.clientHeight - head.offsetHeight;
    if (scroll.scrollHeight > scroll.clientHeight + 1) {
      if (top < scroll.scrollTop) scroll.scrollTop = top;
      else if (top + ROW > scroll.scrollTop + seen) scroll.scrollTop = top + ROW - seen;
    } else if (!find()) window.scrollTo(0, scroll.offsetTop + top - seen / 2);
    rows();
    find()?.focus({ preventScroll: scroll.scrollHeight > scroll.clientHeight + 1 });
  }
  let begun = false;
  return async (signal) => {
    const answer = await list("/jobs", "jobs", signal);
    jobs = answer.jobs;
    for (const j of jobs) j.text = `${j.cluster} ${j.name} ${j.job} ${word(j)}`.toLowerCase();
    page.pace(Math.min(250 + 9 * jobs.length, 15000)); // a large fleet always has news
    redraw(held, [answer.hold, page.canAct()], () => answer.hold && [state("paused"), " All jobs are ", timed(answer.hold.text), ". ", page.canAct() && h("button", { type: "button", onclick: () => page.resumeAll() }, "Resume all")]);
    now = page.now();
    draw(false);
    if (!begun) { begun = true; scroll.scrollTop = view.top; }
  };
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
