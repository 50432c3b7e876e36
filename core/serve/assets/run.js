"use strict";
(() => {
  const { element, byId, number, duration, progress, status, runLink, cell, head, problem, ask, follow } = protea;
  const id = decodeURIComponent(location.pathname.split("/")[2]);
  const path = "/api/run/" + encodeURIComponent(id);
  const charts = new Map(), values = new Map();
  let began = null, isBenchmark = false;

  const fact = (label, value) => {
    const box = element("div");
    box.append(element("dt", label));
    const text = element("dd");
    text.append(value);
    box.append(text);
    return box;
  };
  // A value that the system did not report is absent.
  const known = (value, text) => value === null || value === undefined ? "" : text(value);
  const megabytes = (bytes) => (bytes / 1e6).toFixed(0) + " MB";
  const childCharts = new Map();
  const children = (run) => {
    byId("children").hidden = !run.children_total;
    byId("child-box").hidden = !run.children_total;
    if (!run.children_total) return;
    const names = run.child_metrics;
    byId("child-heads").replaceChildren(head("name"), head("status"), head("started"), head("duration", "number"), ...names.map((name) => head(name, "number")));
    byId("child-rows").replaceChildren(...run.children.map((child) => {
      const row = element("tr");
      const name = element("th", undefined, { scope: "row" });
      const prefix = (run.name || "") + "/";
      const link = runLink(child);
      if (child.name && child.name.startsWith(prefix)) link.textContent = child.name.slice(prefix.length);
      name.append(link);
      row.append(name, cell(status(child.status)), cell(child.started), cell(duration(child.seconds), "number"), ...child.metrics.map((value) => cell(number(value), "number")));
      return row;
    }));
    byId("child-note").textContent = run.children_total > run.children.length ? `The first ${run.children.length} of ${run.children_total}.` : "";
    // Contenders have no order in which the best so far would mean anything.
    if (run.trials || run.pipeline === "benchmark") return;
    names.forEach((name, column) => {
      const points = run.children.map((child, index) => [index, child.metrics[column]]).filter(([, value]) => value !== null);
      chartOf(name, "child run", points, /smin|loss|error/.test(name));
    });
  };
  const chartOf = (name, unit, points, lowest) => {
    if (points.length < 2) return;
    if (!childCharts.has(name)) {
      childCharts.set(name, protea.chart(name, unit, { marks: true, lowest }));
      byId("child-charts").append(childCharts.get(name).box);
    }
    childCharts.get(name).set(points);
  };
  // The trials of a search, also those that it reused from earlier runs, which are not child runs.
  const trials = (run) => {
    if (!run.trials) return;
    byId("children").hidden = false;
    const { metric, lowest_is_best, scores } = run.trials;
    chartOf(metric, "trial", scores.map((score, index) => [index, score]).filter(([, score]) => score !== null), lowest_is_best);
  };
  const load = async () => {
    try {
      const run = await ask(path);
      document.title = (run.name || run.id) + " – protea";
      byId("kind").textContent = run.pipeline;
      byId("name").textContent = run.name || run.id;
      byId("badge").replaceChildren(status(run.status));
      byId("report").href = "/report/" + encodeURIComponent(run.id);
      began = run.status === "running" ? Date.now() - run.seconds * 1000 : null;
      const facts = [fact("Run", run.id)];
      const add = (label, value) => { if (value) facts.push(fact(label, value)); };
      add("Runner", run.runner);
      add("Scored on", run.eval);
      add("Started", run.started + " UTC");
      const took = element("span", duration(run.seconds), { id: "took" });
      facts.push(fact("Duration", took));
      if (run.progress) {
        add(run.progress.unit[0].toUpperCase() + run.progress.unit.slice(1) + "s", progress(run.progress));
        facts[facts.length - 1].className = "wide";
      }
      if (run.parent) facts.push(fact("Part of", runLink({ id: run.parent })));
      add("Project", run.project);
      add("Group", run.group);
      add("Tags", run.tags.map(([key, value]) => key + "=" + value).join(", "));
      add("Notes", run.notes);
      add("Directory", run.directory);
      facts[facts.length - 1].className = "wide";
      byId("facts").replaceChildren(...facts);
      const texts = [];
      if (run.error) texts.push(element("div", run.error, { class: "error", role: "note" }));
      if (run.vanished) texts.push(element("p", "The process of this run no longer exists, but no end is recorded. The next protea command in this workspace records it as killed.", { class: "note" }));
      if (run.unreadable) texts.push(element("p", "The manifest cannot be read: " + run.unreadable, { class: "note" }));
      byId("error").replaceChildren(...texts);
      byId("steps").hidden = !(run.steps || []).length;
      byId("step-rows").replaceChildren(...(run.steps || []).map((step) => {
        const row = element("tr");
        row.append(element("th", step.name, { scope: "row" }), cell(status(step.status)), cell(step.status === "running" ? "" : duration(step.seconds), "number"), cell(known(step.cpu_seconds, duration), "number"), cell(known(step.peak_memory, megabytes), "number"), cell(step.note));
        return row;
      }));
      byId("settings").hidden = !run.settings.length;
      byId("setting-rows").replaceChildren(...run.settings.map(([key, value]) => {
        const row = element("tr");
        row.append(element("th", key, { scope: "row" }), cell(value));
        return row;
      }));
      isBenchmark = run.pipeline === "benchmark";
      for (const [name, value] of run.scores) values.set(name, value);
      show();
      children(run);
      trials(run);
      document.documentElement.dataset.ready = "";
    } catch (error) {
      problem(error.message);
    }
  };
  // Metrics with several values are charts, the others rows of a table.
  const show = () => {
    // The values of a benchmark are those of its contenders, which are in the table of child runs.
    byId("metrics").hidden = isBenchmark || (!values.size && !charts.size);
    byId("system").hidden = !systemCharts.size;
    byId("values").hidden = !values.size;
    byId("value-rows").replaceChildren(...[...values].sort(([a], [b]) => a.localeCompare(b, "en")).map(([name, value]) => {
      const row = element("tr");
      row.append(element("th", name, { scope: "row" }), cell(value === null ? "not finite" : number(value), "number"));
      return row;
    }));
  };
  const series = new Map();
  const systemCharts = new Map();
  const sample = (name, more) => {
    if (!systemCharts.has(name)) {
      systemCharts.set(name, protea.chart(name, "sample"));
      const boxes = [...systemCharts].sort(([a], [b]) => a.localeCompare(b, "en")).map(([, one]) => one.box);
      byId("system-charts").replaceChildren(...boxes);
    }
    systemCharts.get(name).add(more);
  };
  const points = ({ points, restarted }) => {
    if (restarted) forget();
    for (const [name, more] of Object.entries(points)) {
      // What a step used is in the table of steps.
      if (name.startsWith("step/")) continue;
      if (name.startsWith("system/")) {
        sample(name.slice("system/".length).replaceAll("_", " "), more);
        continue;
      }
      const all = series.get(name) || [];
      all.push(...more);
      series.set(name, all);
      if (!charts.has(name) && all.length > 1) {
        const made = protea.chart(name, "step");
        charts.set(name, made);
        const boxes = [...charts].sort(([a], [b]) => a.localeCompare(b, "en")).map(([, one]) => one.box);
        byId("charts").replaceChildren(...boxes);
        made.add(all);
      } else if (charts.has(name)) charts.get(name).add(more);
      // `MFO/fmax` of the event log is `MFO.fmax` of the manifest.
      if (charts.has(name)) values.delete(name);
      else if (!values.has(name.replace("/", "."))) values.set(name, all[0][1]);
    }
    show();
  };
  const forget = () => {
    series.clear();
    charts.clear();
    systemCharts.clear();
    byId("system-charts").replaceChildren();
    byId("charts").replaceChildren();
  };
  const MOST_LINES = 2000;
  const log = ({ lines, restarted, cut }) => {
    const list = byId("log-lines"), box = byId("log-box");
    if (restarted) list.replaceChildren();
    list.append(...lines.map((line) => {
      const row = element("li");
      if (line.time) row.append(element("time", line.time.slice(11, 19)), " ");
      if (line.level && line.level !== "INFO") { row.append(element("b", line.level), " "); row.className = "level-" + line.level.toLowerCase(); }
      if (line.step && line.step !== "-") row.append(element("i", line.step), " ");
      row.append(element("span", line.message));
      return row;
    }));
    while (list.children.length > MOST_LINES) { list.firstChild.remove(); cut = true; }
    byId("log-note").hidden = !cut;
    byId("log-note").textContent = `The end of the log. \`protea runs log ${id}\` prints all.`;
    if (byId("follow").checked) box.scrollTop = box.scrollHeight;
  };
  byId("follow").addEventListener("change", () => { if (byId("follow").checked) byId("log-box").scrollTop = byId("log-box").scrollHeight; });

  load();
  setInterval(() => { if (began !== null && byId("took")) byId("took").textContent = duration((Date.now() - began) / 1000); }, 1000);
  let version = null;
  follow(path + "/live", {
    open: () => { forget(); byId("log-lines").replaceChildren(); },
    points,
    log,
    notes: (texts) => byId("notes").replaceChildren(...texts.filter((text) => !isBenchmark || !text.includes("further metrics")).map((text) => element("p", text, { class: "note" }))),
    changed: (now) => { if (version !== null && now !== version) load(); version = now; },
    end: () => { if (began !== null) load(); },
  }, (now) => {
    byId("live").textContent = { live: "Live", ended: "", lost: "The connection is lost; trying again" }[now];
    byId("live").className = now === "live" ? "live is-live" : "live";
  });
})();
