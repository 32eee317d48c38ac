import { h, time, timed } from "./dom.js";

// One decision: what was measured, and as a waterfall what each rule made of it.
export function story(decision, chosen) {
  const vertices = decision.stories.filter((s) => !chosen || s.vertex === chosen).map((s) => ({ ...s, byHand: Boolean(decision.byHand) }));
  const telling = vertices.filter((s) => s.from !== s.to || s.steps.some((t) => t.before !== t.after || t.blocked) || s.vertex === chosen || decision.byHand?.bounds.some((b) => b.vertex === s.vertex));
  const rest = vertices.filter((s) => !telling.includes(s));
  return h("div", {},
    h("p", {}, h("strong", {}, decision.action === "scale" ? "Rescale" : "No change"), " at ", time(decision.time, true), decision.action !== "scale" && decision.reason ? `: ${decision.reason.replace(/-/g, " ")}` : "", decision.detail ? h("span", { class: "dim text" }, " (", timed(decision.detail, decision.time), ")") : ""),
    telling.map((s) => one(s, decision.time)),
    rest.length > 0 && h("details", {}, h("summary", { class: "dim" }, `${rest.length} ${rest.length === 1 ? "vertex" : "vertices"} with nothing to change`), rest.map((s) => one(s, decision.time))),
    h("details", {}, h("summary", { class: "dim" }, "In words"), h("pre", { class: "mono text" }, timed(decision.text, decision.time))));
}

// The target is what the load asks for, the limits are all rules behind it.
function one(s, near) {
  const most = Math.max(1, s.from, s.to, ...s.steps.flatMap((t) => [t.before, t.after]));
  const targets = s.steps.filter((t) => t.rule === "demand"), limits = s.steps.filter((t) => t.rule !== "demand");
  return h("section", { class: "story" },
    h("h3", {}, s.name, " ", h("span", { class: "dim" }, s.from === s.to ? `stays at ${s.from}` : `${s.from} → ${s.to}`)),
    h("h4", {}, s.byHand ? "Set by hand" : "Measured"), h("p", { class: "small" }, timed(s.figures, near)), s.measured.map((m) => h("p", { class: "small dim" }, timed(m, near))),
    h("ol", { "aria-label": "From what runs to the result" },
      h("li", {}, h("span", {}, "runs at"), bar(0, s.from, most, "", String(s.from))),
      targets.length > 0 && h("li", { class: "part" }, h("h4", {}, "Target")), targets.map((t) => step(t, most, "the load needs", near)),
      limits.length > 0 && h("li", { class: "part" }, h("h4", {}, "Limits")), limits.map((t) => step(t, most, t.rule.replace(/-/g, " "), near)),
      h("li", { class: "part" }, h("h4", {}, "Result")),
      h("li", {}, h("span", {}, "comes to"), bar(0, s.to, most, "", s.to === s.from ? `${s.to}, as before` : String(s.to)), s.verdict && h("p", {}, timed(s.verdict, near)))));
}

function step(t, most, name, near) {
  const by = t.after - t.before;
  if (t.blocked) return h("li", {}, h("span", {}, name), bar(Math.min(t.before, t.after), Math.max(t.before, t.after), most, "stop", `✕ ${t.before} taken back`), h("p", {}, timed(t.text, near)));
  const label = by === 0 ? `= ${t.after}` : `${by > 0 ? "▲" : "▼"} ${t.before} → ${t.after}`;
  return h("li", {}, h("span", {}, name), bar(Math.min(t.before, t.after), Math.max(t.before, t.after), most, by > 0 ? "up" : by < 0 ? "down" : "", label), h("p", {}, timed(t.text, near)));
}

// What was there stands pale up to from, and what is added or taken reaches to to.
function bar(from, to, most, kind, label) {
  const base = h("i", { class: "base" }), fill = h("i", {});
  base.style.width = `${(100 * (from === to ? to : from)) / most}%`;
  fill.style.left = `${(100 * from) / most}%`;
  fill.style.width = `${(100 * (to - from)) / most}%`;
  return h("span", { class: "meter " + kind }, base, fill, h("b", {}, label));
}
