import { h, s, perSecond, percent, count } from "./dom.js";

const W = 196, H = 104, GX = 40, GY = 20, LANE = 14;

// The dataflow: each vertex with its time as a bar of busy, blocked and idle, and the
// bounds that Flink keeps it in. On a narrow screen it runs from top to bottom.
export function graph(job, bounds, chosen, choose, room) {
  const vertices = new Map(job.decision.vertices.map((v) => [v.id, v]));
  if (vertices.size === 0) return h("p", { class: "empty" }, "Nothing is measured yet.");
  const down = room < 600, { columns, rows, nodes } = job.graph, inColumn = new Map();
  for (const n of nodes) inColumn.set(n.column, (inColumn.get(n.column) ?? 0) + 1);
  const at = new Map(nodes.map((n) => {
    const across = n.row + (rows - inColumn.get(n.column)) / 2; // a column stands in the middle
    return [n.vertex, down ? { x: across * (W + GY) + 3, y: n.column * (H + GX) + 3 } : { x: n.column * (W + GX) + 3, y: across * (H + GY) + 3 }];
  }));
  const [wide, high] = down ? [rows * (W + GY) - GY, columns * (H + GX) - GX] : [columns * (W + GX) - GX, rows * (H + GY) - GY];
  const columnOf = new Map(nodes.map((n) => [n.vertex, n.column]));
  const edges = [...vertices.values()].flatMap((v) => (v.inputs ?? []).filter((input) => at.has(input)).map((input) => {
    const between = nodes.filter((n) => n.column > columnOf.get(input) && n.column < columnOf.get(v.id)).map((n) => at.get(n.vertex));
    return s("path", { class: "edge", d: route(at.get(input), at.get(v.id), between, down) });
  }));
  const boxes = [...vertices.values()].map((v) => box(v, bounds.get(v.id), at.get(v.id), v.id === chosen, choose));
  const svg = s("svg", { width: wide + 2 * LANE, height: high + 2 * LANE, viewBox: `${3 - LANE} ${3 - LANE} ${wide + 2 * LANE} ${high + 2 * LANE}`, role: "group", "aria-label": "Dataflow of the job" }, edges, boxes);
  svg.style.minWidth = `${0.78 * wide}px`;
  return h("div", { class: "graph" }, svg);
}

// From one box to another; around those that stand between them, on the nearer side.
function route(a, b, between, down) {
  const [along, across, long, broad] = down ? ["y", "x", H, W] : ["x", "y", W, H];
  const p = (u, v) => (down ? `${v} ${u}` : `${u} ${v}`);
  const [u1, v1, u2, v2] = [a[along] + long, a[across] + broad / 2, b[along], b[across] + broad / 2];
  if (between.length === 0) { const mid = (u1 + u2) / 2; return `M${p(u1, v1)}C${p(mid, v1)} ${p(mid, v2)} ${p(u2, v2)}`; }
  const before = Math.min(...between.map((n) => n[across])) - LANE / 2, behind = Math.max(...between.map((n) => n[across] + broad)) + LANE / 2;
  const lane = Math.abs((v1 + v2) / 2 - before) <= Math.abs((v1 + v2) / 2 - behind) ? before : behind, half = GX / 2;
  return `M${p(u1, v1)}C${p(u1 + half, v1)} ${p(u1 + half, lane)} ${p(u1 + GX, lane)}L${p(u2 - GX, lane)}C${p(u2 - half, lane)} ${p(u2 - half, v2)} ${p(u2, v2)}`;
}

function box(v, bounds, at, isChosen, choose) {
  const busy = Math.min(1, Math.max(0, v.busy ?? 0)), blocked = Math.min(1 - busy, Math.max(0, v.backpressured ?? 0)), idle = 1 - busy - blocked;
  const most = typeof v.busy !== "number" ? "idle" : busy >= blocked && busy >= idle ? "busy" : blocked >= idle ? "blocked" : "idle";
  const inner = W - 20, x = at.x + 10, end = at.x + W - 10;
  const within = bounds ? `bounds ${bounds.lower} to ${bounds.upper}` : "bounds –", atMost = `max ${count(v.maxParallelism)}`;
  const parallelism = v.to === v.from ? `×${count(v.from)}` : `×${count(v.from)} → ${v.to}`;
  const label = `${v.name}: parallelism ${count(v.from)}${v.to === v.from ? "" : `, wanted ${v.to}`}, ${within}, ${atMost}, busy ${percent(v.busy)}, back-pressured ${percent(v.backpressured ?? 0)}, reads ${perSecond(v.inputRate)}`;
  return s("a", { href: "#" + v.id, class: isChosen ? "chosen" : "", onclick: (e) => { e.preventDefault(); choose(isChosen ? "" : v.id); } },
    s("desc", {}, label),
    s("rect", { class: "box", x: at.x, y: at.y, width: W, height: H, rx: 8 }, s("title", {}, label)),
    s("rect", { class: "tint " + most, x: at.x, y: at.y, width: W, height: H, rx: 8 }),
    s("text", { x, y: at.y + 21 }, short(v.name, v.to === v.from ? 21 : 17)),
    s("text", { class: "p", x: end, y: at.y + 21, "text-anchor": "end" }, parallelism),
    s("rect", { class: "busy", x, y: at.y + 31, width: inner * busy, height: 10 }),
    s("rect", { class: "blocked", x: x + inner * busy, y: at.y + 31, width: inner * blocked, height: 10 }),
    s("rect", { class: "idle", x: x + inner * (busy + blocked), y: at.y + 31, width: inner * idle, height: 10 }),
    s("text", { x, y: at.y + 60 }, most === "blocked" ? `back-pressured ${percent(blocked)}` : `busy ${percent(v.busy)}`),
    s("text", { x: end, y: at.y + 60, "text-anchor": "end" }, perSecond(v.inputRate)),
    s("line", { class: "rule", x1: x, x2: end, y1: at.y + 71, y2: at.y + 71 }),
    s("text", { class: "dim", x, y: at.y + 90 }, within),
    s("text", { class: "dim", x: end, y: at.y + 90, "text-anchor": "end" }, atMost));
}

const short = (text, n) => (text.length > n ? text.slice(0, n - 1) + "…" : text);

export const legend = () => h("p", { class: "small dim legend" }, [["busy", "busy"], ["blocked", "back-pressured"], ["idle", "idle"]].map(([kind, text]) => h("span", {}, h("span", { class: "key " + kind }), text)), h("span", {}, "A box has the colour of what takes most of its time."));
