"use strict";
(() => {
  const { element, byId, number, status, runLink, cell, problem, ask } = protea;
  const heads = (row, runs, first) => {
    row.replaceChildren(element("th", first, { scope: "col" }), ...runs.map((run) => {
      const head = element("th", undefined, { scope: "col", class: "run-head" });
      head.append(runLink(run), " ", status(run.status), element("span", [run.runner, run.eval].filter(Boolean).join(" · "), { class: "id" }));
      return head;
    }));
  };
  const scores = (answer) => {
    const all = byId("all").checked;
    const main = answer.metrics.filter(({ name }) => /fmax|smin|auc/.test(name) && !/^wf|\.wf/.test(name));
    const shown = all || !main.length ? answer.metrics : main;
    byId("score-rows").replaceChildren(...shown.map(({ name, values, lower_is_better: lower }) => {
      const row = element("tr");
      row.append(element("th", name, { scope: "row" }));
      const known = values.filter((value) => value !== null);
      const best = known.length > 1 ? (lower ? Math.min(...known) : Math.max(...known)) : null;
      values.forEach((value, index) => {
        const box = cell("", "number");
        box.replaceChildren(element(value !== null && value === best ? "strong" : "span", number(value)));
        if (index && value !== null && values[0] !== null) {
          const difference = value - values[0];
          const text = (difference > 0 ? "+" : difference < 0 ? "−" : "±") + number(Math.abs(difference));
          box.append(" ", element("span", text, { class: difference === 0 ? "same" : (difference > 0) !== lower ? "better" : "worse" }));
        }
        row.append(box);
      });
      return row;
    }));
  };
  ask("/api/compare" + location.search).then((answer) => {
    heads(byId("score-heads"), answer.runs, "metric");
    heads(byId("setting-heads"), answer.runs, "setting");
    byId("other-data").hidden = answer.same_dataset;
    byId("setting-rows").replaceChildren(...answer.settings.map(([key, values]) => {
      const row = element("tr");
      row.append(element("th", key, { scope: "row" }), ...values.map((value) => cell(value)));
      return row;
    }));
    if (!answer.settings.length) {
      const row = element("tr");
      row.append(element("td", "Runner, seed, datasets and settings are the same.", { colspan: answer.runs.length + 1 }));
      byId("setting-rows").append(row);
    }
    scores(answer);
    byId("all").addEventListener("change", () => scores(answer));
    document.documentElement.dataset.ready = "";
  }, (error) => problem(error.message));
})();
