import { h, replace, timed } from "./dom.js";
import { get, post, jobPath } from "./api.js";

// What people do by hand, each in a dialog that says what will follow.
export function acts(dialog, page) {
  function ask(title, fields, button, act) {
    const failed = h("p", { class: "bad text", role: "alert" });
    const submit = h("button", { type: "submit", class: "primary" }, button);
    const form = h("form", { method: "dialog", onsubmit: async (e) => {
      e.preventDefault();
      submit.disabled = true;
      failed.textContent = "";
      try {
        const said = await act(form);
        dialog.close();
        page.toast(said);
        page.refresh();
      } catch (problem) { replace(failed, timed(problem.message)); } finally { submit.disabled = false; }
    } }, h("h2", { id: "dialog-title" }, title), fields, failed, h("div", { class: "row" }, h("span", { class: "grow" }), h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), submit));
    replace(dialog, form);
    dialog.showModal();
  }
  const length = (value) => [h("label", { for: "for" }, "For how long"), h("select", { id: "for", name: "for" },
    [["", "until it is resumed"], ["30min", "30 minutes"], ["1h", "1 hour"], ["4h", "4 hours"], ["12h", "12 hours"], ["2d", "2 days"]].map(([v, text]) => h("option", { value: v, selected: v === value }, text)))];
  const why = () => [h("label", { for: "why" }, "Why (others will read it)"), h("input", { id: "why", name: "why", maxlength: 400, autocomplete: "off" })];

  return {
    pause: (job) => ask(`Pause ${job.name || job.job}`, [h("p", { class: "dim" }, "Sluice goes on watching the job and shows what it would do. It does not rescale it."), length("1h"), why()], "Pause",
      async (form) => { await post(jobPath(job) + "/pause", { for: form.elements.for.value, why: form.elements.why.value }); return "Paused"; }),
    async resume(job) {
      try {
        const { hold } = await post(jobPath(job) + "/resume");
        page.toast(hold ? "All jobs are paused: " + hold.text : "Resumed");
        page.refresh();
      } catch (e) { page.toast(e.message); }
    },
    pauseAll: () => ask("Pause all jobs", [h("p", { class: "dim" }, "Of every cluster that this process watches."), length(""), why()], "Pause all",
      async (form) => { await post("/pause", { for: form.elements.for.value, why: form.elements.why.value }); return "All jobs are paused"; }),
    async resumeAll() {
      try { await post("/resume"); page.toast("Resumed"); page.refresh(); } catch (e) { page.toast(e.message); }
    },
    async rescale(job) {
      let vertices;
      try { ({ vertices } = await get(jobPath(job) + "/requirements")); } catch (e) { page.toast(e.message); return; }
      const rows = vertices.map((v) => h("tr", {}, h("td", { class: "text" }, v.name), h("td", { class: "n" }, v.parallelism),
        ["lower", "upper"].map((bound) => h("td", {}, h("input", { type: "number", min: 1, max: v.maxParallelism || 32768, required: true, value: v[bound], name: `${bound}-${v.vertex}`, "aria-label": `${bound} bound of ${v.name}` })))));
      ask(`Rescale ${job.name || job.job}`, [h("p", { class: "dim" }, "These bounds are set in Flink, which rescales the job when it can. Sluice keeps its hand off meanwhile."),
        h("table", {}, h("thead", {}, h("tr", {}, ["Vertex", "Runs at", "Lower", "Upper"].map((t) => h("th", { scope: "col" }, t)))), h("tbody", {}, rows)), length("1h")], "Rescale",
      async (form) => {
        const wishes = vertices.map((v) => ({ vertex: v.vertex, lower: Number(form.elements[`lower-${v.vertex}`].value), upper: Number(form.elements[`upper-${v.vertex}`].value), was: v }))
          .filter((w) => w.lower !== w.was.lower || w.upper !== w.was.upper).map(({ was, ...w }) => w);
        if (wishes.length === 0) throw new Error("No bound is another than before.");
        const answer = await post(jobPath(job) + "/rescale", { vertices: wishes, hold: form.elements.for.value || "366d" });
        return answer.applied ? "Flink has taken the new bounds" : "Nothing was changed";
      });
    },
  };
}
