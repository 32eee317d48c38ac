import { h, replace, redraw, time, timed, bytes, count, state } from "./dom.js";
import { isAway, awayText } from "./away.js";
import { get, jobPath } from "./api.js";

export async function cluster(main, page) {
  const list = h("div", {}), places = new Map();
  replace(main, h("h1", {}, "Clusters"), list);
  return async (signal) => {
    const clusters = page.clusters();
    for (const c of clusters) if (!places.has(c.name)) places.set(c.name, h("section", { class: "card", "aria-label": "Cluster " + c.name }));
    redraw(list, clusters.map((c) => c.name), () => (clusters.length ? clusters.map((c) => places.get(c.name)) : h("p", { class: "empty" }, "No cluster is watched.")));
    // One that is slow to answer does not keep the others from being seen.
    await Promise.all(clusters.map(async (c) => {
      const place = places.get(c.name), draw = (look, failed) => redraw(place, [c, look, failed], () => one(c, look, failed));
      if (isAway(c)) return draw();
      if (!c.look) return draw(null, "This cluster is not asked.");
      if (!place.drawnAs) draw();
      try { draw(await get("/clusters/" + encodeURIComponent(c.name), signal)); } catch (e) { if (e.name === "AbortError") throw e; draw(null, e.message); }
    }));
  };
}

// Without a look and without what was wrong, it is being asked.
function one(c, look, failed) {
  return [
    h("div", { class: "row" }, h("h2", {}, c.name === "-" ? look?.address || "The cluster" : c.name), look && h("span", { class: "dim small" }, `Flink ${look.version}`, c.name === "-" ? "" : ` · ${look.address}`), h("span", { class: "grow" }), Object.entries(c.states).map(([word, n]) => h("span", {}, state(word), ` ${n}`))),
    isAway(c) || failed ? h("p", { class: "bad text" }, isAway(c) ? awayText(c) : timed(failed)) : look ? inside(c, look) : h("p", { class: "dim" }, "It is being asked…")];
}

function inside(c, look) {
  const letters = lettersOf(look);
  return [
    h("p", {}, `${look.slots - look.free} of ${look.slots} slots are used, on ${look.taskManagers.length} ${look.taskManagers.length === 1 ? "TaskManager" : "TaskManagers"}.`),
    letters.size > 0 && h("p", { class: "legend small" }, [...letters.values()].map((l) => h("span", {}, slot(l), " ", h("a", { href: jobPath({ cluster: c.name, job: l.job }) }, l.name || l.job))), h("span", { class: "dim" }, h("span", { class: "slots" }, h("i", {})), " free")),
    h("div", { class: "tm" }, look.taskManagers.map((t) => manager(t, letters))),
    look.jobs.length === 0 ? h("p", { class: "empty" }, "No job runs here.") : [
      h("h2", {}, "Slots by job and sharing group"), groups(c, look, letters),
      h("h2", {}, "Declared and fulfilled"), bounds(c, look)],
  ];
}

// A job has a letter and a colour wherever its slots are shown.
function lettersOf(look) {
  const letters = new Map();
  for (const j of [...look.jobs, ...look.taskManagers.flatMap((t) => t.jobs ?? [])]) {
    if (letters.has(j.job)) continue;
    const n = letters.size;
    letters.set(j.job, { job: j.job, name: j.name, letter: n < 26 ? String.fromCharCode(65 + n) : String(n + 1), colour: n % 6 });
  }
  return letters;
}
const slot = (l) => h("span", { class: "slots", "aria-hidden": "true" }, h("i", { class: l ? `used of${l.colour}` : "used" }, l ? l.letter : ""));

function manager(t, letters) {
  const used = t.slots - t.free, held = (t.jobs ?? []).flatMap((j) => Array(j.slots).fill(letters.get(j.job)));
  const who = (t.jobs ?? []).map((j) => `${j.slots} by ${j.name || j.job}`).join(", ");
  return h("div", { class: "one" },
    h("span", { class: "mono text" }, t.id), h("p", { class: "small dim" }, t.cores > 0 ? `${t.cores} cores · ` : "", t.memory > 0 ? `${bytes(t.memory)} · ` : "", "heard ", time(t.heard)),
    h("div", { class: "slots", role: "img", "aria-label": `${used} of ${t.slots} slots are used${who ? ": " + who : ""}`, title: who },
      Array.from({ length: Math.min(t.slots, 200) }, (_, i) => { const l = held[i]; return h("i", { class: i >= used ? "" : l ? `used of${l.colour}` : "used" }, i < used && l ? l.letter : ""); })));
}

// Vertices of one group share their slots: it takes as many as its widest vertex.
function groups(c, look, letters) {
  const rows = look.jobs.flatMap((j) => {
    const of = new Map();
    for (const v of j.vertices) {
      const key = v.sharingGroup || v.vertex, g = of.get(key) ?? { name: v.sharingGroup, vertices: [], slots: 0, lower: 0, upper: 0 };
      g.vertices.push(v.name);
      for (const [to, from] of [["slots", "parallelism"], ["lower", "lower"], ["upper", "upper"]]) g[to] = Math.max(g[to], v[from]);
      of.set(key, g);
    }
    return [...of.values()].map((g, i) => ({ ...g, job: j, first: i === 0 }));
  });
  if (rows.length === 0) return h("p", { class: "dim" }, "No job says which slots it takes.");
  return table([["Job"], ["Sharing group"], ["Vertices"], ["Slots", "n"], ["Needs", "n"], ["Could use", "n"]], rows.map((g) => [
    g.first ? [slot(letters.get(g.job.job)), " ", h("a", { href: jobPath({ cluster: c.name, job: g.job.job }) }, g.job.name || g.job.job)] : "",
    h("span", { class: "mono", title: g.name }, g.name ? g.name.slice(0, 8) : "–"), h("span", { class: "text small", title: g.vertices.join(", ") }, g.vertices.length > 3 ? `${g.vertices.slice(0, 2).join(", ")} and ${g.vertices.length - 2} more` : g.vertices.join(", ")),
    count(g.slots), count(g.lower), count(g.upper)]));
}

function bounds(c, look) {
  const rows = look.jobs.flatMap((j) => j.vertices.map((v, i) => [i === 0 ? h("a", { href: jobPath({ cluster: c.name, job: j.job }) }, j.name || j.job) : "", h("span", { class: "text" }, v.name),
    `${count(v.lower)} to ${count(v.upper)}`, count(v.parallelism), count(v.maxParallelism), fulfilled(v)]));
  const silent = look.jobs.filter((j) => j.vertices.length === 0);
  return [rows.length > 0 && table([["Job"], ["Vertex"], ["Declared", "n"], ["Runs at", "n"], ["At most", "n"], ["Fulfilled"]], rows),
    silent.length > 0 && h("p", { class: "dim text" }, `No bounds are declared for ${silent.map((j) => j.name || j.job).join(", ")}.`)];
}

// How much of what is declared runs: a bar, a sign and words.
function fulfilled(v) {
  if (!(v.parallelism > 0) || !(v.upper > 0)) return h("span", { class: "dim" }, "–");
  const fill = h("i", {}), full = v.parallelism >= v.upper;
  fill.style.width = `${Math.min(100, (100 * v.parallelism) / v.upper)}%`;
  return h("span", { class: full ? "full small" : "full small not" }, h("span", { class: "meter", "aria-hidden": "true" }, fill), full ? "✓ all of it" : v.parallelism < v.lower ? `✕ ${v.parallelism}, and needs ${v.lower}` : `${v.parallelism} of ${v.upper}`);
}

function table(columns, rows) {
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": columns.map(([name]) => name).join(", ") }, h("table", {},
    h("thead", {}, h("tr", {}, columns.map(([name, kind]) => h("th", { class: kind, scope: "col" }, name)))),
    h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell, i) => h("td", { class: columns[i][1] }, cell)))))));
}
