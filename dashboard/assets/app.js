import { h, replace, redraw, timed, inUTC, setUTC, zoneName } from "./dom.js";
import { get, list, serverNow } from "./api.js";
import { isAway, awayText } from "./away.js";
import { acts } from "./act.js";
import { fleet } from "./fleet.js";
import { job } from "./job.js";
import { cluster } from "./cluster.js";
import { events } from "./events.js";
import { config } from "./config.js";

const $ = (id) => document.getElementById(id);
const routes = [
  [/^\/$/, "fleet", fleet, "Fleet"], [/^\/jobs\/([^/]+)\/([^/]+)$/, "fleet", job, "Job"], [/^\/cluster$/, "cluster", cluster, "Clusters"],
  [/^\/events$/, "events", events, "Events"], [/^\/config$/, "config", config, "Configuration"],
];
const EVERY = 5000;

let again = 0, pace = 250, asked = 0, looked = -Infinity, clusters = [];
let me = { role: "viewer" }, update = null, bound = {}, closers = [], inFlight = null, timer = 0, version = "";

const page = {
  now: serverNow,
  canAct: () => me.canAct === true,
  go(path) { history.pushState(null, "", path); show(true); },
  refresh: () => refresh(true),
  clusters: () => clusters,
  keys(more) { bound = more; },
  pace(ms) { pace = ms; }, // how long news may wait, in ms
  closing(f) { closers.push(f); },
  toast(text) {
    const t = $("toast");
    replace(t, timed(text));
    t.classList.add("on");
    clearTimeout(page.toastTimer);
    page.toastTimer = setTimeout(() => t.classList.remove("on"), 6000);
  },
};
Object.assign(page, acts($("dialog"), page));

async function show(focus) {
  for (const close of closers) close();
  closers = [];
  bound = {};
  pace = 250;
  update = null;
  inFlight?.abort();
  clearTimeout(again);
  const path = location.pathname, found = routes.find(([pattern]) => pattern.test(path));
  if (!found) {
    document.title = "Not here · Sluice";
    for (const a of $("nav").children) a.removeAttribute("aria-current");
    replace($("main"), h("h1", {}, "Not here"), h("p", {}, "There is no such page. ", h("a", { href: "/" }, "Back to the fleet")));
    update = async () => {};
    refresh(true);
    return;
  }
  const [pattern, name, view, title] = found;
  const [, c, j] = pattern.exec(path);
  document.title = `${title} · Sluice`;
  for (const a of $("nav").children) name === a.dataset.page ? a.setAttribute("aria-current", "page") : a.removeAttribute("aria-current");
  update = await view($("main"), page, c && { cluster: decodeURIComponent(c), job: decodeURIComponent(j) });
  if (focus) { $("main").focus(); window.scrollTo(0, 0); }
  refresh(true);
}

// One request at a time, and none for a page that nobody sees.
async function refresh(now) {
  if (!update || (inFlight && !now) || (document.hidden && !now)) return;
  inFlight?.abort();
  asked = performance.now();
  const mine = (inFlight = new AbortController()), its = update;
  try {
    await lookAround(mine.signal);
    await its(mine.signal);
    online(true);
  } catch (e) {
    if (e.name === "AbortError") return;
    if (e.status === 404) { replace($("main"), h("h1", {}, "Not here"), h("p", { class: "text" }, e.message), h("p", {}, h("a", { href: "/" }, "Back to the fleet"))); update = null; again = setTimeout(() => show(false), EVERY); } // it may be there soon: after a restart the first pass takes a while
    else online(false, e.message);
  } finally {
    if (inFlight === mine) inFlight = null;
  }
}

// Which clusters are away, on whatever page.
async function lookAround(signal) {
  if (performance.now() - looked < Math.max(pace, 1000)) return;
  looked = performance.now();
  try {
    ({ clusters } = await list("/clusters", "clusters", signal));
  } catch (e) { looked = -Infinity; throw e; }
  const away = clusters.filter(isAway);
  redraw($("away"), [away.map((c) => [c.name, c.lastAnswer, c.error]), inUTC()], () => away.length > 0 && [
    away.slice(0, 3).map((c) => h("p", {}, "⚠ ", awayText(c))),
    away.length > 3 && h("p", {}, `And so are ${away.length - 3} more of ${clusters.length} `, h("a", { href: "/cluster" }, "clusters"), "."),
    h("p", { class: "small" }, `${away.length > 1 ? "Their" : "Its"} jobs are shown as they were known last, and are not rescaled meanwhile.`)]);
}

function online(is, why) {
  const link = $("link"), away = clusters.filter(isAway).length;
  link.className = is ? (away ? "link away" : "link") : "link off";
  link.textContent = !is ? "not connected, trying again" : away ? `live, but ${away} of ${clusters.length} ${clusters.length === 1 ? "cluster" : "clusters"} away` : "live";
  link.title = why ?? "";
}

async function greet() {
  try {
    me = await get("/whoami");
    if (version && me.version !== version) location.reload(); // another version answers now
    version = me.version;
    replace($("who"), me.login ? h("form", { method: "post", action: "/logout" }, h("span", { title: me.role }, me.name, " "), h("button", { class: "quiet" }, "Sign out")) : `${me.version}`);
  } catch { /* refresh says so */ }
}

// The server says when there is news; the clock asks all the same if it says nothing.
function listen() {
  const stream = new EventSource("/api/v1/events/stream");
  let soon = 0;
  const wake = () => { if (!soon) soon = setTimeout(() => { soon = 0; refresh(false); }, pace); };
  stream.addEventListener("moved", wake);
  stream.addEventListener("event", wake);
  stream.addEventListener("open", () => { greet().then(() => refresh(false)); });
  stream.addEventListener("error", () => online(false));
  window.addEventListener("pagehide", () => stream.close());
}

document.addEventListener("click", (e) => {
  const a = e.target.closest?.("a[href^='/']");
  if (!a || e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || a.closest("svg") || a.getAttribute("href").startsWith("/api/")) return;
  e.preventDefault();
  page.go(a.getAttribute("href"));
});
document.addEventListener("keydown", (e) => {
  if (e.metaKey || e.ctrlKey || e.altKey || $("dialog").open) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName);
  if (typing) { if (e.key === "Escape") document.activeElement.blur(); return; }
  const act = { ...bound, "?": help, f: () => page.go("/"), c: () => page.go("/cluster"), e: () => page.go("/events"), o: () => page.go("/config"), ...(bound[e.key] && { [e.key]: bound[e.key] }) }[e.key];
  if (act) { e.preventDefault(); act(); }
});
window.addEventListener("popstate", () => show(false));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => refresh(true));
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(true); });

function help() {
  const keys = [["f", "fleet"], ["c", "clusters"], ["e", "events"], ["o", "configuration"], ["/", "search"], ["j k or ↓ ↑", "next and previous job; Home and End: first and last"], ["Enter", "open the job"], ["p", "pause or resume the job"], ["r", "rescale the job"], ["w", "what would be done now"], ["+ −", "zoom the charts in and out"], ["← →", "in the charts: move the crosshair, with Shift the time; in the rescales: go through them"], ["Esc or 0", "whole time"]];
  replace($("dialog"), h("h2", { id: "dialog-title" }, "Keys"), h("table", {}, h("tbody", {}, keys.map(([k, text]) => h("tr", {}, h("td", {}, h("kbd", {}, k)), h("td", {}, text))))), h("div", { class: "row" }, h("span", { class: "grow" }), h("button", { type: "button", autofocus: true, onclick: () => $("dialog").close() }, "Close")));
  $("dialog").showModal();
}
$("help").addEventListener("click", help);
const zone = () => { $("zone").textContent = zoneName(); };
$("zone").addEventListener("click", () => { setUTC(!inUTC()); zone(); looked = -Infinity; show(false); });
zone();
$("theme").addEventListener("click", () => {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches, is = document.documentElement.dataset.theme || (dark ? "dark" : "light");
  document.documentElement.dataset.theme = is === "dark" ? "light" : "dark";
  try { localStorage.setItem("theme", document.documentElement.dataset.theme); } catch { /* not kept */ }
  refresh(true);
});

await greet();
await show(false);
listen();
timer = setInterval(() => { if (performance.now() - asked >= Math.max(EVERY, 2 * pace) - 500) refresh(false); }, EVERY);
window.addEventListener("pagehide", () => clearInterval(timer));
