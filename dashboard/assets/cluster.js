import { h, replace, time, bytes, state } from "./dom.js";
import { get, jobPath } from "./api.js";

export async function cluster(main) {
  const list = h("div", {});
  replace(main, h("h1", {}, "Clusters"), list);
  return async (signal) => {
    const { clusters } = await get("/clusters", signal);
    const views = await Promise.all(clusters.map(async (c) => {
      if (!c.look) return c;
      try { return { ...c, look: await get("/clusters/" + encodeURIComponent(c.name), signal) }; } catch (e) { return { ...c, failed: e.message }; }
    }));
    replace(list, views.length ? views.map(one) : h("p", { class: "empty" }, "No cluster is watched."));
  };
}

function one(c) {
  const look = c.look;
  return h("section", { class: "card", "aria-label": "Cluster " + c.name },
    h("div", { class: "row" }, h("h2", {}, c.name === "-" ? look?.address || "The cluster" : c.name), look && h("span", { class: "dim" }, `Flink ${look.version} · ${look.address}`), Object.entries(c.states).map(([word, n]) => h("span", {}, state(word), ` ${n}`))),
    c.failed || !look ? h("p", { class: "state failed text" }, c.failed || "This cluster is not asked.") : [
      h("p", {}, `${look.slots - look.free} of ${look.slots} slots are used, on ${look.taskManagers.length} ${look.taskManagers.length === 1 ? "TaskManager" : "TaskManagers"}.`),
      h("div", { class: "tm" }, look.taskManagers.map((t) => h("div", { class: "one" },
        h("span", { class: "mono text" }, t.id), h("p", { class: "small dim" }, `${t.cores} cores · ${bytes(t.memory)} · heard `, time(t.heard)),
        h("div", { class: "slots", role: "img", "aria-label": `${t.slots - t.free} of ${t.slots} slots are used` }, Array.from({ length: Math.min(t.slots, 200) }, (_, i) => h("i", { class: i < t.slots - t.free ? "used" : "" })))))),
      h("h2", {}, "Declared and fulfilled"),
      look.jobs.length === 0 ? h("p", { class: "empty" }, "No job runs here.") : h("div", { class: "scroll" }, h("table", {},
        h("thead", {}, h("tr", {}, ["Job", "Vertex", "Slot sharing group"].map((t) => h("th", { scope: "col" }, t)), ["Bounds", "Runs at", "At most"].map((t) => h("th", { class: "n", scope: "col" }, t)))),
        h("tbody", {}, look.jobs.flatMap((j) => j.vertices.map((v, i) => h("tr", {},
          h("td", {}, i === 0 ? h("a", { href: jobPath({ cluster: c.name, job: j.job }) }, j.name || j.job) : ""), h("td", { class: "text" }, v.name), h("td", { class: "mono small" }, v.sharingGroup ? v.sharingGroup.slice(0, 8) : ""),
          h("td", { class: "n" }, `${v.lower} to ${v.upper}`), h("td", { class: "n" }, v.parallelism < v.upper ? `${v.parallelism} of ${v.upper}` : v.parallelism), h("td", { class: "n" }, v.maxParallelism || "?")))))))]);
}
