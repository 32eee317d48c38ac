import { h, time } from "./dom.js";

// One decision: what was measured, and as a waterfall what each rule made of it.
export function story(decision, chosen) {
  const vertices = decision.stories.filter((s) => !chosen || s.vertex === chosen);
  const telling = vertices.filter((s) => s.from !== s.to || s.steps.some((t) => t.before !== t.after || t.blocked) || s.vertex === chosen);
  const rest = vertices.filter((s) => !telling.includes(s));
  return h("div", {},
    h("p", {}, h("strong", {}, decision.action === "scale" ? "Rescale" : "No change"), " at ", time(decision.time, true), decision.reason ? `: ${decision.reason}` : "", decision.detail ? h("span", { class: "dim text" }, ` (${decision.detail})`) : ""),
    telling.map(one),
    rest.length > 0 && h("details", {}, h("summary", { class: "dim" }, `${rest.length} ${rest.length === 1 ? "vertex" : "vertices"} with nothing to change`), rest.map(one)),
    h("details", {}, h("summary", { class: "dim" }, "In words"), h("pre", { class: "mono text" }, decision.text)));
}

function one(s) {
  const most = Math.max(1, s.from, s.to, ...s.steps.flatMap((t) => [t.before, t.after]));
  const bar = (value, kind, label) => {
    const fill = h("i", {});
    fill.style.width = `${(100 * value) / most}%`;
    return h("span", { class: "meter " + kind }, fill, h("b", {}, label));
  };
  return h("section", { class: "story" },
    h("h3", {}, s.name, " ", h("span", { class: "dim" }, s.from === s.to ? `stays at ${s.from}` : `${s.from} → ${s.to}`)),
    h("p", { class: "small dim" }, s.figures),
    s.measured.map((m) => h("p", { class: "small dim" }, m)),
    h("ol", {},
      h("li", {}, h("span", {}, "runs at"), bar(s.from, "", String(s.from))),
      s.steps.map((t) => h("li", {}, h("span", {}, t.rule),
        bar(t.blocked ? t.before : t.after, t.blocked ? "stop" : t.after > t.before ? "up" : t.after < t.before ? "down" : "", t.blocked ? `${t.before} taken back` : t.after === t.before ? String(t.after) : `${t.before} → ${t.after}`),
        h("p", {}, t.text))),
      h("li", {}, h("strong", {}, "result"), bar(s.to, s.to > s.from ? "up" : s.to < s.from ? "down" : "", String(s.to)), s.verdict && h("p", {}, s.verdict))));
}
