import { h, replace, redraw, state, shape, rate, perSecond, percent, count, time, timed, ago } from "./dom.js";
import { get, jobPath } from "./api.js";
import { graph, legend } from "./graph.js";
import { charts } from "./charts.js";
import { story } from "./story.js";
import { eventTable } from "./events.js";

const spans = [["30 min", 30], ["3 h", 180], ["12 h", 720], ["3 d", 4320]];
// How often Flink is asked for the bounds of a job that somebody looks at, in ms.
const BOUNDS = 30e3;

export async function job(main, page, params) {
  const path = jobPath(params);
  const chosen = { vertex: "", decision: 0, minutes: 30, zoom: null };
  const head = h("div", {}), flow = h("section", { class: "card", "aria-label": "Dataflow" }), plot = h("section", { class: "card", "aria-label": "Charts" }), side = h("section", { class: "card side", "aria-label": "Decisions" }), news = h("section", { class: "card", "aria-label": "Events" });
  replace(main, head, flow, h("div", { class: "columns" }, plot, side), news);

  const ranges = h("div", { class: "row chips", role: "group", "aria-label": "Time shown" });
  const graphs = charts({ onMark: (id) => openDecision(id), onZoom: (from, to) => { chosen.zoom = [from, to]; drawCharts(); again(); }, onReset: () => { chosen.zoom = null; again(); } });
  replace(plot, h("div", { class: "row" }, h("h2", { class: "grow" }, "Over time"), ranges), graphs.element);
  const list = h("ul", { class: "list" }), told = h("div", { class: "told", "aria-live": "polite" });
  const all = h("input", { type: "checkbox", id: "all-decisions", onchange: () => drawList() });
  replace(side, h("div", { class: "row" }, h("h2", { class: "grow" }, "Decisions"), h("label", { for: "all-decisions", class: "small dim" }, all, " also those that changed nothing")), told, list);

  let current = null, decisions = [], opened = null, bounds = new Map(), asked = 0, ran = "", series = null, flowAs = "";
  const again = () => page.refresh();

  const title = h("div", { class: "row" }), note = h("div", {}), facts = h("dl", { class: "facts card" });
  replace(head, title, note, facts);
  function drawHead() {
    const j = current;
    document.title = `${j.name || j.job} · Sluice`;
    const word = j.failure ? "failed" : j.state;
    redraw(title, [j.name, word, Boolean(j.hold), page.canAct()], () => [h("h1", { title: j.name }, j.name || j.job), state(word), h("span", { class: "grow" }),
      page.canAct() && [
        j.hold ? h("button", { type: "button", onclick: () => page.resume(current) }, "Resume") : h("button", { type: "button", onclick: () => page.pause(current) }, "Pause…"),
        h("button", { type: "button", onclick: () => page.rescale(current) }, "Rescale…"),
      ],
      h("button", { type: "button", onclick: () => advise() }, "What now?"), h("a", { href: path + "#config", onclick: (e) => { e.preventDefault(); page.go("/config?job=" + encodeURIComponent(path)); } }, "Configuration")]);
    replace(note, (j.failure || j.why) && h("p", { class: "dim text" }, timed(j.failure ? j.failure.text : j.why, j.seen)),
      h("p", { class: "small dim" }, h("span", { class: "mono" }, j.job), j.cluster === "-" ? "" : ` in ${j.cluster}`, " · seen ", time(j.seen), j.state && j.since && [` · ${j.failure ? "so" : j.state} since `, time(j.since, true)]));
    for (const part of [facts, flow]) part.classList.toggle("stale", j.state === "away");
    replace(facts, fact("Reads", perSecond(j.source)), fact("Has to do", perSecond(j.target)), fact("Can do", perSecond(j.capacity)), fact("Busiest", percent(j.busy)),
      fact("Lag", rate(j.lag)), fact("Parallelism", subtasks(j)), fact("Last rescale", j.scaled ? h("span", {}, ago(j.scaled, page.now())) : "none yet"));
  }
  const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));

  // It is drawn anew only where it changed, so that nobody's place in it is lost.
  function drawFlow() {
    const as = JSON.stringify([current.decision.vertices, current.graph, [...bounds], chosen.vertex, flow.clientWidth]);
    if (as === flowAs) return;
    flowAs = as;
    const focused = flow.contains(document.activeElement) && document.activeElement.getAttribute("href");
    replace(flow, h("div", { class: "row" }, h("h2", { class: "grow" }, "Dataflow"), chosen.vertex && h("button", { type: "button", class: "quiet", onclick: () => choose("") }, "Whole job")),
      graph(current, bounds, chosen.vertex, choose, flow.clientWidth), legend());
    if (focused) flow.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }
  function choose(vertex) { chosen.vertex = vertex; drawFlow(); drawStory(); again(); }

  function drawRanges() {
    const tool = (sign, name, act) => h("button", { type: "button", class: "tool", "aria-label": name, title: name, onclick: act }, sign);
    redraw(ranges, [chosen.minutes, Boolean(chosen.zoom), Boolean(chosen.vertex)], () => [spans.map(([name, minutes]) => h("button", { type: "button", class: !chosen.zoom && chosen.minutes === minutes ? "on" : "", "aria-pressed": String(!chosen.zoom && chosen.minutes === minutes),
      onclick: () => { chosen.minutes = minutes; chosen.zoom = null; again(); } }, name)),
    tool("−", "Zoom out", () => graphs.zoom(2)), tool("+", "Zoom in", () => graphs.zoom(0.5)), chosen.zoom && h("button", { type: "button", class: "on", onclick: () => { chosen.zoom = null; again(); } }, "zoomed: back"),
    chosen.vertex && h("span", { class: "dim small" }, "of one vertex")]);
  }
  function drawCharts() {
    if (!series) return;
    const [from, to] = reach();
    const marks = decisions.filter((d) => d.action === "scale" || d.id === chosen.decision).map((d) => ({ id: d.id, time: d.time, sign: sign(d), verb: d.action === "scale" ? "Rescale" : "Decision", text: summary(d) }));
    graphs.show(series, marks, from, to, current.decision.terms, chosen.decision);
  }
  const reach = () => chosen.zoom ?? ((to) => [to - chosen.minutes * 60000, to])(page.now().getTime());

  function drawList() {
    const shown = decisions.filter((d) => all.checked || d.action === "scale" || d.id === chosen.decision);
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    redraw(list, [shown.map((d) => d.id), chosen.decision, decisions.length > 0], () => (shown.length ? shown.map((d) => h("li", {}, h("button", { type: "button", class: d.id === chosen.decision ? "on" : "", "data-key": d.id, "aria-expanded": String(d.id === chosen.decision), onclick: () => openDecision(d.id) },
      h("span", { class: "sign", "aria-hidden": "true" }, sign(d)), time(d.time, true), " ", h("strong", {}, d.action === "scale" ? "rescale" : ""), " ", summary(d)))) : h("li", { class: "empty" }, decisions.length ? "No rescale yet." : "No decision yet: the metric window is filling.")));
    if (focused) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }
  async function openDecision(id, stays) {
    if (chosen.decision === id && !stays) { chosen.decision = 0; opened = null; } else {
      try { opened = await get(`${path}/decisions/${id}`); chosen.decision = id; } catch (e) { page.toast(e.message); return; }
    }
    history.replaceState(null, "", location.pathname + (opened ? `?decision=${id}` : ""));
    drawList();
    drawStory();
    drawCharts();
    if (opened) told.scrollIntoView({ block: "nearest" });
  }
  async function advise() {
    try {
      const answer = await get(`${path}/advice`);
      opened = { ...answer.decision, text: answer.text, stories: answer.stories };
      chosen.decision = -1;
      drawStory();
      told.scrollIntoView({ block: "nearest" });
    } catch (e) { page.toast(e.message); }
  }
  function drawStory() { replace(told, opened ? story(opened, chosen.vertex) : []); }

  // The bounds as Flink has them now. A cluster that does not say has none.
  async function askBounds(signal) {
    const now = Date.now(), as = current.decision.vertices.map((v) => v.from).join();
    if (!current.bounds || now - asked < BOUNDS && as === ran) return;
    [asked, ran] = [now, as];
    try {
      const { vertices } = await get(path + "/requirements", signal);
      bounds = new Map(vertices.map((v) => [v.vertex, v]));
      drawFlow();
    } catch (e) { if (e.name === "AbortError") asked = 0; }
  }

  page.keys({
    p: () => page.canAct() && (current.hold ? page.resume(current) : page.pause(current)), r: () => page.canAct() && page.rescale(current), w: advise,
    Escape: () => { chosen.zoom = null; choose(""); }, 0: () => { chosen.zoom = null; again(); },
    "+": () => graphs.zoom(0.5), "=": () => graphs.zoom(0.5), "-": () => graphs.zoom(2),
  });
  const resized = () => { if (current) { drawFlow(); drawCharts(); } };
  window.addEventListener("resize", resized);
  page.closing(() => { window.removeEventListener("resize", resized); graphs.close(); });
  let wanted = Number(new URLSearchParams(location.search).get("decision"));
  return async (signal) => {
    const [from, to] = reach();
    const query = new URLSearchParams({ from: Math.round(from), to: Math.round(to), points: 400 });
    if (chosen.vertex) query.set("vertex", chosen.vertex);
    const [whole, points, made, events] = await Promise.all([get(path, signal), get(`${path}/series?${query}`, signal), get(`${path}/decisions?limit=150`, signal), get(`${path}/events?limit=50`, signal)]);
    [current, series, decisions] = [whole, points, made.decisions];
    drawHead();
    drawFlow();
    drawRanges();
    drawList();
    drawCharts();
    redraw(news, events.events, () => [h("h2", {}, "Events"), eventTable(events.events.reverse(), true)]);
    if (wanted > 0) { const id = wanted; wanted = 0; openDecision(id, true); }
    askBounds(signal);
  };
}

const subtasks = (j) => (!(j.wanted > 0) || j.wanted === j.parallelism ? count(j.parallelism) : `${count(j.parallelism)} → ${j.wanted}`);

function summary(d) {
  const changes = (d.vertices ?? []).filter((v) => v.to !== v.from).map((v) => `${v.name} ${v.from} → ${v.to}`);
  if (d.byHand) return `${(changes.length ? changes : d.byHand.bounds.map((b) => `${b.name} ${b.after.lower} to ${b.after.upper}`)).join(", ")}, by hand of ${d.byHand.by}`;
  return d.action === "scale" && changes.length ? changes.join(", ") : d.reason.replace(/-/g, " ");
}

// Up, down, both, or neither, as a shape.
function sign(d) {
  const moves = (which) => d.action === "scale" && d.vertices.some(which);
  return shape(moves((v) => v.to > v.from), moves((v) => v.to < v.from));
}
