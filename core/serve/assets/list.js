"use strict";
(() => {
  const { element, byId, number, duration, progress, status, runLink, cell, problem, ask, follow } = protea;
  const LIMIT = 100;
  const state = new URLSearchParams(location.search);
  const chosen = new Set(), open = new Set();
  let columns = null, asked = 0;

  const get = (key) => state.get(key) || "";
  const set = (key, value) => {
    if (value) state.set(key, value);
    else state.delete(key);
    const text = state.toString();
    history.replaceState(null, "", text ? "?" + text : location.pathname);
  };
  const query = (more) => {
    const query = new URLSearchParams({ limit: LIMIT });
    for (const key of ["q", "status", "runner", "eval", "sort", "order", "offset", "metrics"])
      if (state.has(key)) query.set(key, state.get(key));
    for (const [key, value] of Object.entries(more || {})) {
      if (value === null) query.delete(key);
      else query.set(key, value);
    }
    return "/api/runs?" + query;
  };

  const options = (select, values) => {
    const now = get(select.id);
    const all = values.includes(now) || !now ? values : [now, ...values];
    if (select.options.length === all.length + 1) return;
    select.replaceChildren(element("option", "all", { value: "" }), ...all.map((value) => element("option", value)));
    select.value = now;
  };
  const heads = (answer) => {
    const row = byId("heads");
    const sort = get("sort") || "started";
    const fixed = [["", null], ["Name", null], ["Status", null], ["Runner", null], ["Scored on", null], ["Started", "started"], ["Duration", "seconds"]];
    const all = [...fixed, ...answer.metrics.map((name) => [name, name])];
    row.replaceChildren(...all.map(([text, key], index) => {
      const head = element("th", undefined, { scope: "col" });
      if (index > 5) head.className = "number";
      if (!index) head.append(element("span", "Compare", { class: "hidden" }));
      else if (!key) head.textContent = text;
      else {
        const button = element("button", text, { type: "button" });
        const isAscending = get("order") === "asc";
        if (sort === key) head.setAttribute("aria-sort", isAscending ? "ascending" : "descending");
        button.dataset.key = key;
        button.addEventListener("click", () => {
          set("order", sort === key && !isAscending ? "asc" : "");
          set("sort", key === "started" ? "" : key);
          set("offset", "");
          load().then(() => row.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus());
        });
        head.append(button);
      }
      return head;
    }));
  };
  const line = (run, depth) => {
    const row = element("tr");
    row.dataset.id = run.id;
    const box = element("input", undefined, { type: "checkbox", "aria-label": "Compare " + (run.name || run.id) });
    box.checked = chosen.has(run.id);
    box.addEventListener("change", () => {
      if (box.checked) chosen.add(run.id);
      else chosen.delete(run.id);
      marked();
    });
    const name = element("th", undefined, { scope: "row", class: "name depth-" + Math.min(depth, 6) });
    if (run.children) {
      const button = element("button", undefined, { type: "button", class: "twist", "aria-expanded": open.has(run.id), "aria-label": `${run.children} child runs of ${run.name || run.id}` });
      button.addEventListener("click", async () => {
        if (open.has(run.id)) open.delete(run.id);
        else open.add(run.id);
        await load();
        [...byId("rows").children].find((other) => other.dataset.id === run.id)?.querySelector(".twist")?.focus();
      });
      name.append(button, " ");
    }
    name.append(runLink(run));
    if (run.children) name.append(" ", element("span", run.children, { class: "count", "aria-hidden": "true" }));
    if (run.name) name.append(element("span", run.id, { class: "id" }));
    row.append(cell(box, "mark"), name, cell(status(run.status)), cell(run.runner), cell(run.eval), cell(run.started), cell(duration(run.seconds), "number"));
    run.metrics.forEach((value) => row.append(cell(number(value), "number")));
    if (run.error) row.title = run.error;
    return row;
  };
  const below = async (run, depth) => {
    const rows = [line(run, depth)];
    if (run.children && open.has(run.id) && depth < 20) {
      const answer = await ask(query({ parent: run.id, q: null, status: null, offset: null, limit: 1000 }));
      for (const child of answer.runs) rows.push(...await below(child, depth + 1));
      if (answer.total > answer.runs.length) {
        const more = element("tr");
        more.append(element("td", `${answer.total - answer.runs.length} more; search for them`, { colspan: 7 + answer.metrics.length, class: "more" }));
        rows.push(more);
      }
    }
    return rows;
  };
  const marked = () => {
    byId("compare").disabled = chosen.size < 2 || chosen.size > 20;
    byId("compare").textContent = chosen.size ? `Compare ${chosen.size}` : "Compare";
  };
  const choices = (answer) => {
    const key = answer.choices.metrics.join("\n");
    if (columns === key) return;
    columns = key;
    byId("choices").replaceChildren(...answer.choices.metrics.map((name) => {
      const label = element("label");
      const box = element("input", undefined, { type: "checkbox" });
      box.checked = answer.metrics.includes(name);
      box.addEventListener("change", () => {
        const now = [...byId("choices").querySelectorAll("label")].filter((one) => one.querySelector("input").checked);
        set("metrics", now.map((one) => one.dataset.name).join(",") || ",");
        load();
      });
      label.dataset.name = name;
      label.append(box, " " + name);
      return label;
    }));
  };
  const load = async () => {
    const mine = asked += 1;
    try {
      const answer = await ask(query());
      const rows = [];
      for (const run of answer.runs) rows.push(...await below(run, 0));
      if (mine !== asked) return;
      byId("workspace").textContent = answer.workspace;
      heads(answer);
      choices(answer);
      options(byId("runner"), answer.choices.runners);
      options(byId("eval"), answer.choices.datasets);
      // A row that has the focus must not lose it when the list changes.
      const focus = document.activeElement.closest("tr")?.dataset.id;
      const place = document.activeElement.className || document.activeElement.tagName;
      byId("rows").replaceChildren(...rows);
      if (focus) {
        const same = [...byId("rows").children].find((row) => row.dataset.id === focus);
        [...(same?.querySelectorAll("a,button,input") || [])].find((one) => (one.className || one.tagName) === place)?.focus();
      }
      const offset = Number(get("offset")) || 0;
      const many = (count) => count.toLocaleString("en-GB");
      byId("found").textContent = answer.all === 0
        ? "There are no runs yet. `protea run` makes one."
        : (["q", "status", "runner", "eval"].some(get) ? `${many(answer.total)} of ${many(answer.all)} runs` : `${many(answer.all)} runs`) + (answer.running ? `, ${answer.running} running` : "");
      byId("pages").hidden = answer.total <= LIMIT && !offset;
      byId("place").textContent = answer.total ? `${many(offset + 1)}–${many(Math.min(offset + LIMIT, answer.total))} of ${many(answer.total)}` : "nothing here";
      byId("before").disabled = offset === 0;
      byId("after").disabled = offset + LIMIT >= answer.total;
      problem(answer.unreadable ? `${answer.unreadable} manifests cannot be read: ${answer.unreadable_examples.join("; ")}` : "");
      document.documentElement.dataset.ready = "";
    } catch (error) {
      problem(error.message);
    }
  };

  // What is running.
  const cards = new Map();
  const card = (run) => {
    const box = element("article", undefined, { class: "card" });
    const heading = element("h3");
    heading.append(runLink(run));
    const facts = element("p", "", { class: "caption" });
    const text = element("p", "", { class: "last" });
    const charts = element("div", undefined, { class: "sparks" });
    const bar = element("progress", undefined, { max: 1, "aria-label": "Progress of " + (run.name || run.id) });
    const done = element("p", "", { class: "done" });
    bar.hidden = done.hidden = true;
    box.append(heading, facts, bar, done, charts, text);
    const made = { box, facts, bar, done, text, charts, series: new Map(), began: 0 };
    cards.set(run.id, made);
    return made;
  };
  const tick = () => {
    for (const one of cards.values()) one.facts.textContent = `${one.about} · ${duration((Date.now() - one.began) / 1000)}`;
  };
  const running = ({ runs, total }) => {
    byId("running").hidden = !runs.length;
    byId("running-heading").textContent = total > runs.length ? `Running: the newest ${runs.length} of ${total}` : `Running: ${total}`;
    for (const id of [...cards.keys()]) if (!runs.some((run) => run.id === id)) { cards.get(id).box.remove(); cards.delete(id); }
    for (const run of runs) {
      const one = cards.get(run.id) || card(run);
      one.began = Date.now() - (run.seconds || 0) * 1000;
      one.about = [run.pipeline, run.runner].filter(Boolean).join(" · ");
      one.bar.hidden = one.done.hidden = !run.progress;
      if (run.progress) {
        one.bar.value = run.progress.done / Math.max(1, run.progress.total);
        one.done.textContent = progress(run.progress);
      }
      if (run.line) one.text.textContent = (run.line.step && run.line.step !== "-" ? run.line.step + ": " : "") + run.line.message;
      for (const [name, points] of Object.entries(run.points)) {
        if (!one.series.has(name) && one.series.size >= 3) continue;
        if (!one.series.has(name)) {
          one.series.set(name, protea.chart(name, "step", { small: true }));
          one.charts.append(one.series.get(name).box);
        }
        one.series.get(name).add(points);
      }
    }
    const order = runs.map((run) => cards.get(run.id).box);
    const now = [...byId("cards").children];
    if (order.length !== now.length || order.some((box, index) => box !== now[index])) byId("cards").replaceChildren(...order);
    tick();
  };
  const forget = () => { cards.clear(); byId("cards").replaceChildren(); };

  for (const key of ["q", "status", "runner", "eval"]) {
    const field = byId(key);
    field.value = get(key);
    if (get(key) && field.value !== get(key)) { field.append(element("option", get(key))); field.value = get(key); }
    let waiting = null;
    field.addEventListener(key === "q" ? "input" : "change", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => { set(key, field.value); set("offset", ""); load(); }, key === "q" ? 150 : 0);
    });
  }
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("before").addEventListener("click", () => { set("offset", Math.max(0, Number(get("offset")) - LIMIT) || ""); load(); });
  byId("after").addEventListener("click", () => { set("offset", (Number(get("offset")) || 0) + LIMIT); load(); });
  byId("compare").addEventListener("click", () => { location.href = "/compare?runs=" + [...chosen].map(encodeURIComponent).join(","); });
  load();
  setInterval(tick, 1000);
  let version = null;
  follow("/api/live", {
    open: forget,
    running,
    changed: (now) => { if (version !== null && now !== version) load(); version = now; },
  }, (now) => { if (now === "lost") problem("The connection to the server is lost. Is `protea serve` still running?"); else problem(""); });
})();
