import { h, replace } from "./dom.js";
import { get } from "./api.js";

export async function config(main, page) {
  const job = new URLSearchParams(location.search).get("job") ?? "";
  const words = h("input", { type: "search", placeholder: "Search options", "aria-label": "Search options", oninput: () => draw() });
  const all = h("input", { type: "checkbox", id: "all", onchange: () => draw() });
  const place = h("div", {}), profile = h("span", { class: "dim" });
  replace(main, h("h1", {}, "Configuration"), job && h("p", {}, "Of ", h("a", { href: job }, "one job"), ", as it is in force. ", h("a", { href: "/config" }, "That of the process")),
    h("div", { class: "row tools" }, words, h("label", { for: "all" }, all, " also what is at its default"), profile), place);
  let options = [];
  page.keys({ "/": () => words.focus() });
  function draw() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = options.filter((o) => (all.checked || o.set || wanted.length) && wanted.every((w) => `${o.key} ${o.value} ${o.doc}`.toLowerCase().includes(w)));
    replace(place, shown.length === 0 ? h("p", { class: "empty" }, "Every option is at its default.") : h("div", { class: "scroll" }, h("table", { class: "options" },
      h("thead", {}, h("tr", {}, ["Option", "Value", "From", "What it does"].map((c) => h("th", { scope: "col" }, c)))),
      h("tbody", {}, shown.map((o) => h("tr", {}, h("td", { class: "mono option" }, o.key.split(/(?<=[.-])/).flatMap((part) => [part, h("wbr", {})])), h("td", { class: "mono text" }, o.value || h("span", { class: "dim" }, "not set")), h("td", { class: o.set ? "small" : "small default" }, o.source || "default"), h("td", { class: "small text" }, o.doc.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part)))))))));
  }
  return async (signal) => {
    if (options.length) return; // it does not change while the page is open
    const answer = await get(/^\/jobs\/[^/]+\/[^/]+$/.test(job) ? job + "/config" : "/config", signal);
    options = answer.options;
    profile.textContent = `profile ${answer.profile}`;
    draw();
  };
}
