import { h, s, perSecond, percent } from "./dom.js";

const W = 190, H = 74, GX = 64, GY = 22;

// The dataflow: each vertex with its time as a bar of busy, blocked and idle.
export function graph(job, chosen, choose) {
  const vertices = new Map(job.decision.vertices.map((v) => [v.id, v]));
  const at = new Map(job.graph.nodes.map((n) => [n.vertex, { x: n.column * (W + GX) + 4, y: n.row * (H + GY) + 4 }]));
  const width = Math.max(1, job.graph.columns) * (W + GX) - GX + 8, height = Math.max(1, job.graph.rows) * (H + GY) - GY + 8;
  const edges = [];
  for (const v of vertices.values()) {
    for (const input of v.inputs ?? []) {
      const a = at.get(input), b = at.get(v.id);
      if (!a || !b) continue;
      const [x1, y1, x2, y2] = [a.x + W, a.y + H / 2, b.x, b.y + H / 2], mid = (x1 + x2) / 2;
      edges.push(s("path", { class: "edge", d: `M${x1} ${y1}C${mid} ${y1} ${mid} ${y2} ${x2} ${y2}` }));
    }
  }
  const boxes = [...vertices.values()].map((v) => box(v, at.get(v.id), v.id === chosen, choose));
  if (boxes.length === 0) return h("p", { class: "empty" }, "Nothing is measured yet.");
  return h("div", { class: "graph" }, s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Dataflow of the job" }, edges, boxes));
}

function box(v, at, isChosen, choose) {
  const busy = Math.min(1, Math.max(0, v.busy ?? 0)), blocked = Math.min(1 - busy, Math.max(0, v.backpressured ?? 0));
  const inner = W - 20;
  const parallelism = v.to === v.from ? `×${v.from}` : `×${v.from} → ${v.to}`;
  const label = `${v.name}: parallelism ${v.from}${v.to === v.from ? "" : `, wanted ${v.to}`}, busy ${percent(v.busy)}, back-pressured ${percent(v.backpressured ?? 0)}, reads ${perSecond(v.inputRate)}`;
  return s("a", { href: "#" + v.id, class: isChosen ? "chosen" : "", onclick: (e) => { e.preventDefault(); choose(isChosen ? "" : v.id); } },
    s("desc", {}, label),
    s("rect", { class: "box", x: at.x, y: at.y, width: W, height: H, rx: 8 }, s("title", {}, label)),
    s("text", { x: at.x + 10, y: at.y + 20 }, short(v.name, 19)),
    s("text", { class: "p", x: at.x + W - 10, y: at.y + 20, "text-anchor": "end" }, parallelism),
    s("rect", { class: "busy", x: at.x + 10, y: at.y + 30, width: inner * busy, height: 9 }),
    s("rect", { class: "blocked", x: at.x + 10 + inner * busy, y: at.y + 30, width: inner * blocked, height: 9 }),
    s("rect", { class: "idle", x: at.x + 10 + inner * (busy + blocked), y: at.y + 30, width: inner * (1 - busy - blocked), height: 9 }),
    s("text", { class: "dim", x: at.x + 10, y: at.y + 57 }, `busy ${percent(v.busy)}`),
    s("text", { class: "dim", x: at.x + W - 10, y: at.y + 57, "text-anchor": "end" }, `${perSecond(v.inputRate)} · max ${v.maxParallelism || "?"}`));
}

const short = (text, n) => (text.length > n ? text.slice(0, n - 1) + "…" : text);

export const legend = () => h("p", { class: "small dim" }, h("span", { class: "key busy" }), "busy  ", h("span", { class: "key blocked" }), "back-pressured  ", h("span", { class: "key idle" }), "idle");
