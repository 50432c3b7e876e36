"use strict";
(() => {
  const PAGE = 20;
  const root = document.documentElement;
  const data = (box) => JSON.parse(box.querySelector("script.data").textContent);
  const shown = (value) => {
    if (value === null || value === undefined) return "–";
    if (typeof value !== "number") return value;
    return Number.isInteger(value) ? value.toLocaleString("en-GB") : value.toFixed(3);
  };
  const element = (name, text) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  // Light and dark. The choice is kept where the browser lets a local file keep anything.
  const themes = ["automatic", "light", "dark"];
  const button = document.getElementById("theme");
  const apply = (theme) => {
    if (theme === "automatic") delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.textContent = "Theme: " + theme;
  };
  let theme = "automatic";
  try { theme = localStorage.getItem("protea-theme") || theme; } catch (e) { /* not allowed */ }
  if (!themes.includes(theme)) theme = "automatic";
  apply(theme);
  button.hidden = false;
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    apply(theme);
    try { localStorage.setItem("protea-theme", theme); } catch (e) { /* not allowed */ }
  });

  const save = (name, type, text) => {
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const tsv = ({ columns, rows }) =>
    [columns, ...rows].map((row) => row.map((cell) => (cell === null ? "" : cell)).join("\t")).join("\n") + "\n";
  const KEPT = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight", "text-anchor", "paint-order"];
  // A picture outside of the page has no classes, so each part takes its computed style along.
  const picture = (charts) => {
    let top = 0, width = 0;
    const parts = [];
    for (const chart of charts) {
      const copy = chart.cloneNode(true);
      const parts_of = copy.querySelectorAll("*");
      chart.querySelectorAll("*").forEach((part, at) => {
        const style = getComputedStyle(part);
        for (const key of KEPT) parts_of[at].setAttribute(key, style.getPropertyValue(key));
      });
      copy.querySelectorAll("title,desc,.cursor").forEach((part) => part.remove());
      const box = chart.viewBox.baseVal;
      parts.push(`<g transform="translate(0 ${top})">${new XMLSerializer().serializeToString(copy).replace(/^<svg[^>]*>|<\/svg>$/g, "")}</g>`);
      top += box.height + 10;
      width = Math.max(width, box.width);
    }
    const paper = getComputedStyle(document.querySelector("section")).backgroundColor;
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}"><rect width="100%" height="100%" fill="${paper}"/>${parts.join("")}</svg>\n`;
  };

  const figure = (box) => {
    const table = data(box);
    const charts = [...box.querySelectorAll("svg.chart")];
    box.querySelector(".tools").hidden = false;
    box.addEventListener("click", (event) => {
      const kind = event.target.dataset.save;
      if (kind === "tsv") save(box.id + ".tsv", "text/tab-separated-values", tsv(table));
      if (kind === "svg") save(box.id + ".svg", "image/svg+xml", picture(charts));
    });
    const readout = box.querySelector(".readout");
    for (const chart of charts) if ("interactive" in chart.dataset) inspect(chart, table, readout);
  };
  // The points of a chart, read out under the pointer or by the arrow keys.
  const inspect = (chart, table, readout) => {
    const series = [...chart.querySelectorAll("[data-points]")].map((line) => ({
      line,
      first: Number(line.dataset.row),
      same: "same" in line.dataset,
      points: line.dataset.points.split(" ").filter(Boolean).map((point) => point.split(",").map(Number)),
    })).filter((one) => one.points.length);
    if (!series.length) return;
    const cursor = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    cursor.setAttribute("r", "6");
    cursor.setAttribute("class", "cursor");
    let at = null;
    const show = (one, point) => {
      at = [one, point];
      const { line, first, same, points } = series[one];
      cursor.setAttribute("cx", points[point][0]);
      cursor.setAttribute("cy", points[point][1]);
      chart.append(cursor);
      chart.querySelectorAll(".chosen").forEach((other) => other.classList.remove("chosen"));
      if (same) line.classList.add("chosen");
      const row = table.rows[same ? first : first + point];
      readout.textContent = row
        ? table.columns.map((name, column) => [name, row[column]]).filter(([, value]) => value !== null && value !== "")
          .map(([name, value]) => name + " " + shown(value)).join(" · ")
        : "this point is not in the page";
    };
    const hide = () => {
      cursor.remove();
      chart.querySelectorAll(".chosen").forEach((other) => other.classList.remove("chosen"));
    };
    chart.addEventListener("pointermove", (event) => {
      const matrix = chart.getScreenCTM();
      if (!matrix) return;
      const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
      let best = [Infinity, 0, 0];
      series.forEach(({ points }, one) => points.forEach(([px, py], point) => {
        const distance = (px - x) ** 2 + (py - y) ** 2;
        if (distance < best[0]) best = [distance, one, point];
      }));
      if (best[0] < 3600) show(best[1], best[2]);
    });
    chart.addEventListener("pointerleave", () => { if (document.activeElement !== chart) hide(); });
    chart.addEventListener("blur", hide);
    chart.addEventListener("keydown", (event) => {
      const [one, point] = at || [series.length - 1, -1];
      const last = series[one].points.length - 1;
      const within = (number, most) => Math.max(0, Math.min(most, number));
      const moves = {
        ArrowRight: () => show(one, within(point + 1, last)),
        ArrowLeft: () => show(one, within(point - 1, last)),
        ArrowDown: () => { const next = (one + 1) % series.length; show(next, within(point, series[next].points.length - 1)); },
        ArrowUp: () => { const next = (one + series.length - 1) % series.length; show(next, within(point, series[next].points.length - 1)); },
        Home: () => show(one, 0),
        End: () => show(one, last),
        Escape: hide,
      };
      if (!moves[event.key]) return;
      event.preventDefault();
      moves[event.key]();
    });
  };

  const table = (box) => {
    const content = data(box);
    const { columns, rows, numeric, decimals } = content;
    const tools = box.querySelector(".tools");
    tools.hidden = false;
    tools.querySelector("[data-save]").addEventListener("click", () => save(box.id + ".tsv", "text/tab-separated-values", tsv(content)));
    if (rows.length < 2) return;
    const body = box.querySelector("tbody");
    const pages = box.querySelector(".pages");
    const search = box.querySelector("input");
    const found = box.querySelector(".found");
    let order = rows, sorted = null, page = 0;
    const cell = (value, column) => (typeof value === "number" && decimals[column] ? value.toFixed(3) : shown(value));
    const render = () => {
      const start = page * PAGE;
      const part = pages ? order.slice(start, start + PAGE) : order;
      body.replaceChildren(...part.map((row) => {
        const line = element("tr");
        row.forEach((value, column) => {
          const made = element(column ? "td" : "th", cell(value, column));
          if (!column) made.scope = "row";
          if (numeric[column]) made.className = "number";
          line.append(made);
        });
        return line;
      }));
      if (!pages) return;
      found.textContent = order.length === rows.length ? `${rows.length.toLocaleString("en-GB")} rows` : `${order.length.toLocaleString("en-GB")} of ${rows.length.toLocaleString("en-GB")} rows`;
      const last = Math.max(0, Math.ceil(order.length / PAGE) - 1);
      before.disabled = page === 0;
      after.disabled = page >= last;
      place.textContent = `Page ${page + 1} of ${last + 1}`;
    };
    const arrange = () => {
      const words = search ? search.value.toLowerCase().split(/\s+/).filter(Boolean) : [];
      order = words.length
        ? rows.filter((row) => { const text = row.join(" ").toLowerCase(); return words.every((word) => text.includes(word)); })
        : rows.slice();
      if (sorted) {
        const [column, sign] = sorted;
        order.sort((a, b) => {
          const [x, y] = [a[column], b[column]];
          // Rows without a value come last in either order.
          if (x === null || y === null) return (x === null) - (y === null);
          return sign * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true }));
        });
      }
      page = 0;
      render();
    };
    const before = element("button", "Previous"), after = element("button", "Next"), place = element("span");
    if (pages) {
      for (const made of [before, after]) made.type = "button";
      before.addEventListener("click", () => { page -= 1; render(); if (before.disabled) after.focus(); });
      after.addEventListener("click", () => { page += 1; render(); if (after.disabled) before.focus(); });
      pages.replaceChildren(before, place, after);
      search.addEventListener("input", arrange);
    }
    const heads = [...box.querySelectorAll("thead th")];
    heads.forEach((head, column) => {
      const made = element("button", columns[column]);
      made.type = "button";
      head.replaceChildren(made);
      made.addEventListener("click", () => {
        const descending = sorted && sorted[0] === column ? sorted[1] > 0 : numeric[column];
        sorted = [column, descending ? -1 : 1];
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        arrange();
      });
    });
    if (pages) render();
  };

  document.querySelectorAll(".figure").forEach(figure);
  document.querySelectorAll(".table").forEach(table);
  root.dataset.ready = "";
})();
