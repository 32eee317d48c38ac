import { serverNow } from "./api.js";

// Elements are made of nodes, never of text that is parsed: a job's name cannot
// become markup.
const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.setAttribute("class", value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(9)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

export const h = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
export const s = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

export function replace(element, ...children) {
  element.replaceChildren(...children.flat(9).filter((c) => c !== undefined && c !== null && c !== false));
}

// Draws anew only what changed: a button that is replaced between the press and the
// release of a mouse is never clicked, and loses the focus.
export function redraw(element, of, draw) {
  const as = JSON.stringify(of);
  if (element.drawnAs === as) return;
  element.drawnAs = as;
  replace(element, draw());
}

/* Numbers and times */
export const known = (x) => typeof x === "number" && Number.isFinite(x);

export function rate(x) {
  if (!known(x)) return "–";
  const a = Math.abs(x);
  if (a >= 1e9) return (x / 1e9).toPrecision(3) + " G";
  if (a >= 1e6) return (x / 1e6).toPrecision(3) + " M";
  if (a >= 1e4) return (x / 1e3).toPrecision(3) + " k";
  if (a >= 100 || Number.isInteger(x)) return x.toFixed(0);
  return x.toPrecision(2);
}
// A parallelism is at least 1: anything else is not known.
export const count = (n) => (n > 0 ? String(n) : "–");
export const perSecond = (x) => (known(x) ? rate(x) + "/s" : "–");
export const percent = (x) => (known(x) ? (100 * x).toFixed(0) + " %" : "–");
export const bytes = (n) => (n > 0 ? (n / 2 ** 30).toFixed(1) + " GiB" : "–");

let utc = (() => { try { return localStorage.getItem("utc") === "1"; } catch { return false; } })();
export const inUTC = () => utc;
export function setUTC(on) {
  utc = on;
  try { localStorage.setItem("utc", on ? "1" : "0"); } catch { /* not kept */ }
}
const two = (n) => String(n).padStart(2, "0");
export const zoneName = () => utc ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone || "local";

// The other zone is at hand as the title.
export function time(value, withDay) {
  if (!value) return h("span", {}, "never");
  const t = new Date(value);
  const iso = t.toISOString().replace(/\.\d+Z$/, "Z");
  return h("time", { datetime: iso, title: `${iso} · ${t.toLocaleString()}` }, clock(t, withDay));
}
export function clock(t, withDay) {
  const [y, mo, d, hh, mm, ss] = utc
    ? [t.getUTCFullYear(), t.getUTCMonth(), t.getUTCDate(), t.getUTCHours(), t.getUTCMinutes(), t.getUTCSeconds()]
    : [t.getFullYear(), t.getMonth(), t.getDate(), t.getHours(), t.getMinutes(), t.getSeconds()];
  const text = `${two(hh)}:${two(mm)}:${two(ss)}`;
  return withDay ? `${y}-${two(mo + 1)}-${two(d)} ${text}` : text;
}
// The times that stand in a sentence as the server's UTC, for the viewer's zone. One
// without a day is of the day of near, in UTC.
const moments = /(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)Z|(?:(\d{4}-\d\d-\d\d) )?\b(\d\d:\d\d:\d\d) UTC\b/g;
export function timed(text, near) {
  const parts = [], day = (t) => clock(t, true).slice(0, 10), today = day(serverNow());
  let end = 0;
  for (const m of String(text ?? "").matchAll(moments)) {
    const t = new Date(`${m[1] ?? m[3] ?? new Date(near ?? serverNow()).toISOString().slice(0, 10)}T${m[2] ?? m[4]}Z`);
    if (Number.isNaN(t.getTime())) continue;
    parts.push(text.slice(end, m.index), time(t, day(t) !== today));
    end = m.index + m[0].length;
  }
  return [...parts, String(text ?? "").slice(end)];
}
export function ago(value, now) {
  if (!value) return "never";
  const sec = Math.max(0, Math.round((now - new Date(value)) / 1000));
  if (sec < 90) return `${sec} s ago`;
  if (sec < 5400) return `${Math.round(sec / 60)} min ago`;
  if (sec < 129600) return `${Math.round(sec / 3600)} h ago`;
  return `${Math.round(sec / 86400)} d ago`;
}

// A rescale up, down or both ways, as a shape; else a dot.
export const shape = (up, down) => (up && down ? "◆" : up ? "▲" : down ? "▼" : "●");

/* A state has a colour, a sign and a word. */
const signs = {
  steady: "M3 8l3 3 6-7", scaling: "M3 10l5-5 5 5M3 14l5-5 5 5", "catching up": "M3 3v10l5-5zM8 3v10l5-5z", waiting: "M8 3v5l3 2M8 1a7 7 0 1 0 .01 0",
  filling: "M3 13h3v-4H3zM10 13h3V4h-3z", paused: "M5 3v10M11 3v10", blocked: "M8 1a7 7 0 1 0 .01 0M3 13L13 3", "not scalable": "M8 2l7 12H1zM8 6v4M8 12v.5",
  "not running": "M4 4h8v8H4z", unknown: "M3 8h.5M8 8h.5M13 8h.5", doubtful: "M5 6c0-4 6-4 6-1 0 2-3 2-3 5M8 13v.5", failed: "M3 3l10 10M13 3L3 13",
  away: "M1 8h4M11 8h4M6 5l4 6M10 5l-4 6",
};
export function state(word) {
  word ||= "unknown";
  return h("span", { class: "state " + word.split(" ")[0] + " " + word.replace(/ /g, "-") },
    s("svg", { width: 15, height: 15, viewBox: "0 0 16 16", "aria-hidden": "true" },
      s("path", { d: signs[word] ?? signs.doubtful, fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round" })),
    h("span", {}, word));
}
