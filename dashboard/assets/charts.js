import { h, rate, percent, clock, inUTC } from "./dom.js";

// The hour, and the day where a new one begins.
const label = (t, before) => {
  const [day, hour] = clock(new Date(t * 1e3), true).split(" ");
  const other = before === undefined || clock(new Date(before * 1e3), true).split(" ")[0] !== day;
  return other ? `${hour.slice(0, 5)}\n${day}` : hour.slice(0, 5);
};

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

// All charts of a job: one time axis, one crosshair, one zoom.
export function charts(onMark, onZoom) {
  const box = h("div", {});
  const sync = window.uPlot.sync("job");
  let plots = [], marks = [], band = null, drawnAs = "";

  const kinds = [
    { name: "Records per second", height: 200, lines: [["source", "reads"], ["target", "has to do"], ["capacity", "can do", true]], text: (v) => rate(v) + "/s", band: true },
    { name: "Lag in records", height: 110, lines: [["lag", "waiting"]], text: rate },
    { name: "Parallelism", height: 110, lines: [["parallelism", "subtasks"]], text: rate, steps: true },
    { name: "Busiest vertex", height: 110, lines: [["busy", "busy"]], text: percent, most: 1 },
    { name: "Slot-hours in this view", height: 90, lines: [["cost", "slot-hours"]], text: (v) => v?.toFixed(2) ?? "–" },
  ];

  function options(kind, width) {
    const ink = colour("dim"), grid = colour("grid");
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: "11px system-ui" };
    return {
      width, height: kind.height, cursor: { sync: { key: sync.key, setSeries: false }, drag: { x: true, y: false }, points: { size: 6 } },
      tzDate: (t) => (inUTC() ? window.uPlot.tzDate(new Date(t * 1e3), "Etc/UTC") : new Date(t * 1e3)),
      scales: { x: { time: true }, y: { range: (_, lo, hi) => [0, Math.max(kind.most ?? 0, (hi || 1) * 1.08)] } },
      axes: [{ ...axis, values: (_, ticks) => ticks.map((t, i) => label(t, ticks[i - 1])) }, { ...axis, size: 62, values: (_, ticks) => ticks.map(kind.text) }],
      series: [{ label: "at", value: (_, t) => (t === null ? "–" : clock(new Date(t * 1e3), true)) },
        ...kind.lines.map(([id, label, dashed]) => ({
          label, stroke: colour(id === "busy" ? "busy" : id === "cost" || id === "parallelism" ? "accent" : id), width: 1.6, dash: dashed ? [5, 3] : undefined,
          paths: kind.steps ? window.uPlot.paths.stepped({ align: 1 }) : undefined, points: { show: false }, spanGaps: false, value: (_, v) => kind.text(v),
        }))],
      hooks: {
        draw: [(u) => { drawMarks(u); if (kind.band) drawBand(u); }],
        setSelect: [(u) => { if (u.select.width > 3) onZoom(u.posToVal(u.select.left, "x") * 1e3, u.posToVal(u.select.left + u.select.width, "x") * 1e3); }],
      },
    };
  }
  function drawMarks(u) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.strokeStyle = colour("accent");
    ctx.fillStyle = colour("accent");
    ctx.lineWidth = devicePixelRatio;
    for (const m of marks) {
      const x = u.valToPos(m.at / 1e3, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.globalAlpha = m.chosen ? 1 : 0.5;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.beginPath();
      ctx.arc(x, bbox.top + 5 * devicePixelRatio, (m.chosen ? 5 : 3.5) * devicePixelRatio, 0, 7);
      ctx.fill();
    }
    ctx.restore();
  }
  // Where the load may lie without a rescale: the utilization bounds of the capacity.
  function drawBand(u) {
    const capacity = u.data[3];
    if (!band || !capacity) return;
    const { ctx } = u;
    ctx.save();
    ctx.fillStyle = colour("capacity");
    ctx.globalAlpha = 0.13;
    let run = [];
    const flush = () => {
      if (run.length > 1) {
        ctx.beginPath();
        run.forEach(([t, v], i) => ctx[i ? "lineTo" : "moveTo"](u.valToPos(t, "x", true), u.valToPos(v * band.max, "y", true)));
        run.reverse().forEach(([t, v]) => ctx.lineTo(u.valToPos(t, "x", true), u.valToPos(v * band.min, "y", true)));
        ctx.fill();
      }
      run = [];
    };
    u.data[0].forEach((t, i) => (capacity[i] === null ? flush() : run.push([t, capacity[i]])));
    flush();
    ctx.restore();
  }
  function build(width) {
    for (const p of plots) p.destroy();
    plots = [];
    box.replaceChildren();
    for (const kind of kinds) {
      const place = h("section", { class: "chart", role: "img", "aria-label": kind.name });
      place.append(h("h3", {}, kind.name));
      box.append(place);
      const plot = new window.uPlot(options(kind, width), [[], ...kind.lines.map(() => [])], place);
      plot.over.addEventListener("click", (e) => {
        const near = marks.map((m) => [Math.abs(plot.valToPos(m.at / 1e3, "x") - e.offsetX), m]).sort((a, b) => a[0] - b[0])[0];
        if (near && near[0] < 8) onMark(near[1]);
      });
      plots.push(plot);
    }
  }
  return {
    element: box,
    show(data, decisions, from, to, terms, chosen) {
      const width = Math.max(260, box.clientWidth || 600), as = `${width}${colour("ink")}${inUTC()}`;
      if (as !== drawnAs) { build(width); drawnAs = as; }
      marks = decisions.map((d) => ({ at: Date.parse(d.time), id: d.id, chosen: d.id === chosen }));
      band = terms && Number.isFinite(terms.utilizationMin) && Number.isFinite(terms.utilizationMax) ? { min: terms.utilizationMin, max: Math.min(1, terms.utilizationMax) } : null;
      const at = data.at.map((t) => t / 1e3);
      let spent = 0;
      const cost = at.map((t, i) => (spent += i ? (data.slots[i - 1] * Math.min(600, t - at[i - 1])) / 3600 : 0));
      const all = { ...data, cost };
      kinds.forEach((kind, i) => {
        plots[i].setData([at, ...kind.lines.map(([id]) => all[id])], false);
        plots[i].setScale("x", { min: from / 1e3, max: to / 1e3 });
      });
    },
    close() { for (const p of plots) p.destroy(); },
  };
}
