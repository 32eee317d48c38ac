import { h, replace, rate, percent, clock, inUTC, known } from "./dom.js";

// The hour, and the day where a new one begins.
const label = (t, before) => {
  const [day, hour] = clock(new Date(t * 1e3), true).split(" ");
  const other = before === undefined || clock(new Date(before * 1e3), true).split(" ")[0] !== day;
  return other ? `${hour.slice(0, 5)}\n${day}` : hour.slice(0, 5);
};
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const hours = (v) => (known(v) ? v.toFixed(v < 10 ? 2 : 1) : "–");
const whole = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000];

// Lines differ by their dashes too: colour alone tells nobody anything.
const kinds = [
  { name: "Records per second", height: 190, lines: [["source", "reads"], ["target", "has to do", [2, 3]], ["capacity", "can do", [7, 4]]], text: (v) => rate(v) + (known(v) ? "/s" : ""), band: true },
  { name: "Lag", height: 84, lines: [["lag", "records waiting"]], text: rate },
  { name: "Parallelism", height: 84, lines: [["parallelism", "subtasks"]], text: rate, steps: true, whole: true },
  { name: "Busiest vertex", height: 84, lines: [["busy", "busy"]], text: percent, most: 1 },
  { name: "Restarts", height: 68, lines: [["restarted", "in this view"]], text: rate, steps: true, whole: true, most: 1 },
  { name: "Cost", height: 84, lines: [["cost", "slot-hours in this view"]], text: hours, most: 0.01, axis: true },
];
const colours = { busy: "busy", cost: "accent", parallelism: "accent", restarted: "bad" };
const GUTTER = 58, RIGHT = 20;

// All charts of a job: one time axis, one crosshair, one zoom. onMark is called with
// a decision that was chosen, onZoom with the two ends of the time wanted, and onReset
// for the whole of it.
export function charts({ onMark, onZoom, onReset }) {
  const sync = window.uPlot.sync("job");
  const stamp = h("span", { class: "stamp" }), track = h("div", { class: "track", role: "group", "aria-label": "Rescales: left and right go through them, Enter opens one" });
  const plotted = h("div", {}), said = h("p", { class: "unseen", "aria-live": "polite" });
  const box = h("div", { class: "charts", tabindex: "0", role: "group", "aria-label": "Charts: left and right move the crosshair, plus and minus zoom, 0 shows all", onkeydown: onKey, onblur: () => point(null) }, stamp, track, plotted, said);
  let plots = [], heads = [], marks = [], restarts = [], band = null, drawnAs = "", data = { at: [] }, view = [0, 1], cursor = null, zooming = false;

  function options(kind, width) {
    const ink = colour("dim"), grid = colour("grid"), line = { grid: { stroke: grid, width: 1 }, ticks: { show: false }, stroke: ink, font: "11px system-ui" };
    return {
      width, height: kind.height + (kind.axis ? 40 : 0), padding: [6, RIGHT, 4, 0], legend: { show: false },
      cursor: { sync: { key: sync.key, setSeries: false }, y: false, drag: { x: true, y: false, setScale: false }, points: { size: 7 }, bind: { dblclick: () => () => { onReset(); return null; } } },
      tzDate: (t) => (inUTC() ? window.uPlot.tzDate(new Date(t * 1e3), "Etc/UTC") : new Date(t * 1e3)),
      scales: { x: { time: true }, y: { range: (u, _, hi) => [0, top(u, kind, hi)] } },
      axes: [{ ...line, size: kind.axis ? 38 : 0, values: (_, ticks) => (kind.axis ? ticks.map((t, i) => label(t, ticks[i - 1])) : ticks.map(() => "")) },
        { ...line, size: GUTTER, space: 26, incrs: kind.whole ? whole : undefined, values: (_, ticks) => ticks.map((v) => kind.text(v).replace(/\.0+(?= |$)/, "")) }],
      series: [{}, ...kind.lines.map(([id, , dash]) => ({ stroke: colour(colours[id] ?? id), width: 1.7, dash, paths: kind.steps ? window.uPlot.paths.stepped({ align: 1 }) : undefined, points: { show: false } }))],
      hooks: {
        drawClear: [(u) => kind.band && drawBand(u)], draw: [drawMarks],
        setCursor: [(u) => read(u, kind, heads[kinds.indexOf(kind)])],
        setScale: [(u, key) => { // for who looks at the page from without
          const { min, max } = u.scales.x, place = u.root.parentElement;
          if (key === "x" && place) [place.dataset.from, place.dataset.to] = [Math.round(min), Math.round(max)];
        }],
        setSelect: [(u) => { if (u.select.width > 3) zoomTo(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")); }],
      },
    };
  }
  // A job that hardly does anything could do a hundred times as much: its load is to
  // be seen all the same.
  function top(u, kind, hi) {
    let most = hi || 0;
    if (kind.band) {
      const load = Math.max(0, ...u.data[1].filter(known), ...u.data[2].filter(known));
      if (load > 0) most = Math.min(most, 4 * load);
    }
    return Math.max(kind.most ?? 0, most * 1.08 || 1);
  }
  // What the crosshair is at, else the newest.
  function read(u, kind, values) {
    const found = u.cursor.left >= 0 ? u.cursor.idx : null, i = found ?? u.data[0].length - 1;
    kind.lines.forEach((_, l) => { values[l].textContent = kind.text(u.data[l + 1][i]); });
    if (kind !== kinds[0]) return;
    cursor = found ?? null;
    stamp.textContent = cursor === null ? "" : clock(new Date(u.data[0][i] * 1e3), true);
    stamp.classList.toggle("on", cursor !== null);
  }
  function zoomTo(from, to) {
    if (zooming) return; // every chart tells of it
    zooming = true;
    queueMicrotask(() => {
      zooming = false;
      for (const p of plots) p.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      onZoom(from * 1e3, Math.max(to, from + 20) * 1e3);
    });
  }
  function drawMarks(u) {
    const { ctx, bbox } = u, size = 4 * devicePixelRatio, bottom = bbox.top + bbox.height;
    ctx.save();
    ctx.setLineDash([]);
    for (const [list, ink] of [[restarts.map((at) => ({ at })), "bad"], [marks, "accent"]]) {
      ctx.strokeStyle = ctx.fillStyle = colour(ink);
      for (const m of list) {
        const x = u.valToPos(m.at / 1e3, "x", true);
        if (x < bbox.left || x > bbox.left + bbox.width) continue;
        ctx.beginPath();
        if (ink === "bad") { ctx.moveTo(x - size, bottom); ctx.lineTo(x, bottom - 1.7 * size); ctx.lineTo(x + size, bottom); ctx.fill(); continue; }
        ctx.globalAlpha = m.chosen ? 1 : 0.45;
        ctx.lineWidth = (m.chosen ? 2 : 1) * devicePixelRatio;
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bottom);
        ctx.stroke();
        ctx.globalAlpha = 1;
      }
    }
    ctx.restore();
  }
  // Where the load may lie without a rescale: the utilization bounds of the capacity.
  function drawBand(u) {
    const capacity = u.data[3];
    if (!band || !capacity) return;
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.setLineDash([]);
    ctx.fillStyle = ctx.strokeStyle = colour("capacity");
    let run = [];
    const side = (points, share) => points.forEach(([t, v], i) => ctx[i ? "lineTo" : "moveTo"](u.valToPos(t, "x", true), u.valToPos(v * share, "y", true)));
    const flush = () => {
      if (run.length > 1) {
        ctx.globalAlpha = 0.14;
        ctx.beginPath();
        side(run, band.max);
        [...run].reverse().forEach(([t, v]) => ctx.lineTo(u.valToPos(t, "x", true), u.valToPos(v * band.min, "y", true)));
        ctx.fill();
        ctx.globalAlpha = 0.5;
        ctx.lineWidth = devicePixelRatio;
        for (const share of [band.max, band.min]) { ctx.beginPath(); side(run, share); ctx.stroke(); }
      }
      run = [];
    };
    u.data[0].forEach((t, i) => (known(capacity[i]) ? run.push([t, capacity[i]]) : flush()));
    flush();
    ctx.restore();
  }
  function build(width) {
    for (const p of plots) p.destroy();
    plots = [];
    heads = kinds.map((kind) => kind.lines.map(() => h("b", {}, "–")));
    replace(plotted, kinds.map((kind, k) => {
      const place = h("section", { class: "chart", "aria-label": kind.name }, h("div", { class: "row head" }, h("h3", {}, kind.name),
        kind.lines.map(([id, text], l) => h("span", { class: "value" }, h("i", { class: "stroke " + id, "aria-hidden": "true" }), text, " ", heads[k][l])),
        kind.band && h("span", { class: "value", title: "While the load lies within this share of what the job can do, nothing is rescaled" }, h("i", { class: "stroke band", "aria-hidden": "true" }), h("span", { class: "band-text" })),
        kind.steps && kind.most && h("span", { class: "value" }, h("span", { class: "bad", "aria-hidden": "true" }, "▲"), " is one")));
      return place;
    }));
    kinds.forEach((kind, k) => {
      const plot = new window.uPlot(options(kind, width), [[], ...kind.lines.map(() => [])], plotted.children[k]);
      plot.over.addEventListener("click", (e) => {
        const near = marks.map((m) => [Math.abs(plot.valToPos(m.at / 1e3, "x") - e.offsetX), m]).sort((a, b) => a[0] - b[0])[0];
        if (near && near[0] < 8) onMark(near[1].id);
      });
      plots.push(plot);
    });
  }

  /* Decisions as buttons above the charts: those too close to be hit are one. */
  function drawTrack(width) {
    const groups = [], span = view[1] - view[0];
    for (const m of marks.filter((m) => m.at >= view[0] && m.at <= view[1])) {
      const x = GUTTER + ((m.at - view[0]) / span) * (width - GUTTER - RIGHT), before = groups.at(-1);
      if (before && x - before.x < 20) before.marks.push(m);
      else groups.push({ x, marks: [m] });
    }
    const focused = track.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const stop = Math.max(0, focused ? groups.findIndex((g) => String(g.marks[0].id) === focused) : groups.length - 1);
    replace(track, groups.map((g, i) => mark(g, i === stop)));
    if (focused) track.children[stop]?.focus();
  }
  function mark({ x, marks: all }, stop) {
    const first = all[0], last = all.at(-1), together = all.length > 1;
    const text = together ? `${all.length} rescales from ${clock(new Date(first.at), true)} to ${clock(new Date(last.at), true)}: zoom to them` : `${first.verb} at ${clock(new Date(first.at), true)}: ${first.text}`;
    const button = h("button", { type: "button", class: all.some((m) => m.chosen) ? "mark on" : "mark", "aria-label": text, title: text, "aria-pressed": together ? undefined : String(first.chosen), tabindex: stop ? "0" : "-1", "data-key": first.id,
      onclick: () => {
        const pad = Math.max(30e3, 0.4 * (last.at - first.at));
        if (!together) onMark(first.id);
        else if (view[1] - view[0] > 3 * pad) onZoom(first.at - pad, last.at + pad);
        else onMark(last.id);
      } }, together ? String(all.length) : first.sign);
    button.style.left = `${x}px`;
    return button;
  }
  function alongTrack(by) {
    const all = [...track.children], at = all.indexOf(document.activeElement), to = all[Math.min(all.length - 1, Math.max(0, at + by))];
    if (!to) return;
    for (const b of all) b.tabIndex = b === to ? 0 : -1;
    to.focus();
  }

  /* Keys: the crosshair and the zoom without a mouse. */
  function point(i) {
    cursor = i;
    for (const p of plots) p.setCursor(i === null ? { left: -10, top: -10 } : { left: p.valToPos(p.data[0][i], "x"), top: 1 });
    if (i !== null) said.textContent = `${stamp.textContent}: ` + kinds.flatMap((kind, k) => kind.lines.map(([, text], l) => `${text} ${heads[k][l].textContent}`)).join(", ");
  }
  function move(by) {
    const n = data.at.length;
    if (n === 0) return;
    let i = cursor === null ? (by < 0 ? n - 1 : 0) : Math.min(n - 1, Math.max(0, cursor + by));
    if (by === Infinity) i = n - 1;
    point(i);
  }
  function onKey(e) {
    if (e.metaKey || e.ctrlKey || e.altKey) return;
    const inTrack = track.contains(document.activeElement), step = e.key === "ArrowLeft" ? -1 : 1;
    const act = { ArrowLeft: true, ArrowRight: true, Home: true, End: true }[e.key];
    if (!act) return;
    e.preventDefault();
    e.stopPropagation();
    if (inTrack) alongTrack(e.key === "Home" ? -1e6 : e.key === "End" ? 1e6 : step);
    else if (e.shiftKey) pan(step / 4);
    else move(e.key === "Home" ? -Infinity : e.key === "End" ? Infinity : step);
  }
  function zoom(factor) {
    const [from, to] = view, at = cursor !== null ? data.at[cursor] : (from + to) / 2, share = (at - from) / (to - from), span = Math.min(72 * 36e5, Math.max(20e3, (to - from) * factor));
    onZoom(at - share * span, at + (1 - share) * span);
  }
  function pan(share) { const by = share * (view[1] - view[0]); onZoom(view[0] + by, view[1] + by); }

  return {
    element: box, zoom, pan,
    // decisions are to have id, time, sign, verb and text; from and to are in ms.
    show(series, decisions, from, to, terms, chosen) {
      const width = Math.max(260, box.clientWidth || 600), as = `${width}${colour("ink")}${inUTC()}`;
      if (as !== drawnAs) { build(width); drawnAs = as; }
      [data, view, restarts] = [series, [from, to], series.restarts ?? []];
      marks = decisions.map((d) => ({ ...d, at: Date.parse(d.time), chosen: d.id === chosen })).sort((a, b) => a.at - b.at);
      band = terms && known(terms.utilizationMin) && known(terms.utilizationMax) ? { min: terms.utilizationMin, max: Math.min(1, terms.utilizationMax) } : null;
      plotted.querySelector(".band-text").textContent = band ? `band ${Math.round(100 * band.min)} to ${Math.round(100 * band.max)} %` : "no band";
      const at = series.at.map((t) => t / 1e3);
      let spent = 0;
      const all = { ...series,
        cost: at.map((t, i) => (spent += i ? (series.slots[i - 1] * Math.min(600, t - at[i - 1])) / 3600 : 0)),
        restarted: at.map((t) => restarts.filter((r) => r / 1e3 <= t).length) };
      kinds.forEach((kind, i) => {
        plots[i].setData([at, ...kind.lines.map(([id]) => all[id])], false);
        plots[i].setScale("x", { min: from / 1e3, max: to / 1e3 });
        read(plots[i], kind, heads[i]);
      });
      drawTrack(width);
    },
    close() { for (const p of plots) p.destroy(); },
  };
}
