import { s } from "./dom.js";

// The load as an area, the capacity as a broken line above it.
export function spark(data, width, height, label) {
  const source = data.source, capacity = data.capacity;
  const top = Math.max(1e-9, ...source.filter(Number.isFinite), ...capacity.filter(Number.isFinite).map((c) => Math.min(c, 4 * Math.max(1, ...source.filter(Number.isFinite)))));
  const x = (i) => (source.length < 2 ? 0 : (i * width) / (source.length - 1)).toFixed(1);
  const y = (v) => (height - 1 - (Math.min(v, top) / top) * (height - 3)).toFixed(1);
  const line = (values) => {
    let d = "", pen = false;
    values.forEach((v, i) => {
      if (!Number.isFinite(v)) { pen = false; return; }
      d += `${pen ? "L" : "M"}${x(i)} ${y(v)}`;
      pen = true;
    });
    return d;
  };
  const load = line(source);
  return s("svg", { class: "spark", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    load && s("path", { class: "area", d: `${load}L${x(source.length - 1)} ${height}L${x(source.findIndex(Number.isFinite))} ${height}Z` }),
    s("path", { class: "line", d: load }), s("path", { class: "cap", d: line(capacity) }));
}
