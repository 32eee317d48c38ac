import { h, replace, state, rate, perSecond, percent, time, ago } from "./dom.js";
import { get, jobPath } from "./api.js";
import { graph, legend } from "./graph.js";
import { charts } from "./charts.js";
import { story } from "./story.js";
import { eventTable } from "./events.js";

const spans = [["30 min", 30], ["3 h", 180], ["12 h", 720], ["3 d", 4320]];

export async function job(main, page, params) {
  const path = jobPath(params);
  const chosen = { vertex: "", decision: 0, minutes: 30, zoom: null };
  const head = h("div", {}), flow = h("section", { class: "card", "aria-label": "Dataflow" }), plot = h("section", { class: "card", "aria-label": "Charts" }), side = h("section", { class: "card", "aria-label": "Decisions" }), news = h("section", { class: "card", "aria-label": "Events" });
  replace(main, head, flow, h("div", { class: "columns" }, plot, side), news);

  const ranges = h("div", { class: "row chips", role: "group", "aria-label": "Time shown" });
  const graphs = charts((mark) => openDecision(mark.id), (from, to) => { chosen.zoom = [from, to]; again(); });
  replace(plot, h("div", { class: "row" }, h("h2", { class: "grow" }, "Over time"), ranges), graphs.element);
  const list = h("ul", { class: "list" }), told = h("div", { "aria-live": "polite" });
  const all = h("input", { type: "checkbox", id: "all-decisions", onchange: () => drawList() });
  replace(side, h("div", { class: "row" }, h("h2", { class: "grow" }, "Decisions"), h("label", { for: "all-decisions", class: "small dim" }, all, " also those that changed nothing")), told, list);

  let current = null, decisions = [], opened = null;
  const again = () => page.refresh();

  function drawHead() {
    const j = current;
    document.title = `${j.name || j.job} · Sluice`;
    const act = page.canAct() && [
      j.hold ? h("button", { type: "button", onclick: () => page.resume(j) }, "Resume") : h("button", { type: "button", onclick: () => page.pause(j) }, "Pause…"),
      h("button", { type: "button", onclick: () => page.rescale(j) }, "Rescale…"),
    ];
    replace(head,
      h("div", { class: "row" }, h("h1", {}, j.name || j.job), state(j.failure ? "failed" : j.state), h("span", { class: "grow" }), act,
        h("button", { type: "button", onclick: () => advise() }, "What now?"), h("a", { href: path + "#config", onclick: (e) => { e.preventDefault(); page.go("/config?job=" + encodeURIComponent(path)); } }, "Configuration")),
      h("p", { class: "dim text" }, j.failure ? j.failure.text : j.why),
      h("p", { class: "small dim" }, h("span", { class: "mono" }, j.job), j.cluster === "-" ? "" : ` in ${j.cluster}`, " · seen ", time(j.seen), " · so since ", time(j.since, true)),
      h("dl", { class: "facts card" },
        fact("Reads", perSecond(j.source)), fact("Has to do", perSecond(j.target)), fact("Can do", perSecond(j.capacity)), fact("Busiest", percent(j.busy)),
        fact("Lag", rate(j.lag)), fact("Parallelism", j.wanted === j.parallelism ? j.parallelism : `${j.parallelism} → ${j.wanted}`), fact("Last rescale", j.scaled ? ago(j.scaled, page.now()) : "none yet")));
  }
  const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));

  function drawFlow() {
    replace(flow, h("div", { class: "row" }, h("h2", { class: "grow" }, "Dataflow"), chosen.vertex && h("button", { type: "button", class: "quiet", onclick: () => choose("") }, "Whole job")),
      graph(current, chosen.vertex, choose), legend());
  }
  function choose(vertex) { chosen.vertex = vertex; drawFlow(); drawStory(); again(); }

  function drawRanges() {
    replace(ranges, spans.map(([name, minutes]) => h("button", { type: "button", class: !chosen.zoom && chosen.minutes === minutes ? "on" : "", "aria-pressed": String(!chosen.zoom && chosen.minutes === minutes),
      onclick: () => { chosen.minutes = minutes; chosen.zoom = null; again(); } }, name)), chosen.zoom && h("button", { type: "button", class: "on", onclick: () => { chosen.zoom = null; again(); } }, "zoomed: back"),
      chosen.vertex && h("span", { class: "dim small" }, "of one vertex"));
  }
  function drawList() {
    const shown = decisions.filter((d) => all.checked || d.action === "scale" || d.id === chosen.decision);
    replace(list, shown.length ? shown.map((d) => h("li", {}, h("button", { type: "button", class: d.id === chosen.decision ? "on" : "", "aria-expanded": String(d.id === chosen.decision), onclick: () => openDecision(d.id) },
      time(d.time, true), " ", h("strong", {}, d.action === "scale" ? "rescale" : ""), " ", summary(d)))) : h("li", { class: "empty" }, decisions.length ? "No rescale yet." : "No decision yet: the metric window is filling."));
  }
  function summary(d) {
    const changes = d.vertices.filter((v) => v.to !== v.from).map((v) => `${v.name} ${v.from} → ${v.to}`);
    return changes.length ? changes.join(", ") : d.reason;
  }
  async function openDecision(id) {
    if (chosen.decision === id) { chosen.decision = 0; opened = null; } else {
      try { opened = await get(`${path}/decisions/${id}`); chosen.decision = id; } catch (e) { page.toast(e.message); return; }
    }
    drawList();
    drawStory();
    again();
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

  page.keys({ p: () => page.canAct() && (current.hold ? page.resume(current) : page.pause(current)), r: () => page.canAct() && page.rescale(current), w: advise, Escape: () => { chosen.zoom = null; choose(""); } });
  page.closing(() => graphs.close());
  return async (signal) => {
    const to = chosen.zoom ? chosen.zoom[1] : page.now().getTime(), from = chosen.zoom ? chosen.zoom[0] : to - chosen.minutes * 60000;
    const query = new URLSearchParams({ from: Math.round(from), to: Math.round(to), points: 400 });
    if (chosen.vertex) query.set("vertex", chosen.vertex);
    const [whole, series, made, events] = await Promise.all([get(path, signal), get(`${path}/series?${query}`, signal), get(`${path}/decisions?limit=150`, signal), get(`${path}/events?limit=50`, signal)]);
    current = whole;
    decisions = made.decisions;
    drawHead();
    drawFlow();
    drawRanges();
    drawList();
    graphs.show(series, decisions.filter((d) => d.action === "scale" || d.id === chosen.decision), from, to, whole.decision.terms, chosen.decision);
    replace(news, h("h2", {}, "Events"), eventTable(events.events.reverse(), true));
  };
}
