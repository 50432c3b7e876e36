"use strict";
// A small line chart that grows. The colours are those of the report.
protea.chart = (() => {
  const SPACE = "http://www.w3.org/2000/svg";
  const svg = (name, attributes, text) => {
    const made = document.createElementNS(SPACE, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const step = (least) => {
    const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-12)));
    return [1, 2, 5, 10].find((factor) => factor * power >= least * 0.999) * power;
  };
  const label = (value, size) => {
    if (Math.abs(value) >= 1e5 || (value !== 0 && Math.abs(value) < 1e-4)) return value.toExponential(0);
    return value.toFixed(Math.min(6, Math.max(0, -Math.floor(Math.log10(size) + 1e-9))));
  };
  const ends = (values) => {
    let low = Infinity, high = -Infinity;
    for (const value of values) if (Number.isFinite(value)) { low = Math.min(low, value); high = Math.max(high, value); }
    if (low > high) return [0, 1];
    if (low === high) { const margin = low === 0 ? 1 : Math.abs(low) * 0.1; return [low - margin, high + margin]; }
    return [low, high];
  };
  const MOST = 4000;
  let count = 0;

  // `marks` draws dots with the best so far as a line, as for the trials of a search.
  const make = (title, xLabel, { small, marks, lowest } = {}) => {
    const [width, height] = small ? [240, 60] : [380, 230];
    const plot = small ? { left: 2, top: 4, width: 236, height: 52 } : { left: 52, top: 12, width: 316, height: 172 };
    const id = "live-" + (count += 1);
    const box = protea.element("figure", undefined, { class: "figure live-figure" });
    const heading = protea.element("figcaption");
    const name = protea.element("span", title, { class: "metric-name" });
    const latest = protea.element("span", "", { class: "latest" });
    heading.append(name, " ", latest);
    const drawing = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": id });
    if (small) drawing.setAttribute("preserveAspectRatio", "none");
    else drawing.setAttribute("tabindex", "0");
    const readout = protea.element("p", "", { class: "readout", "aria-live": "polite" });
    box.append(heading, drawing);
    if (!small) box.append(readout);
    let points = [], places = [], at = null;
    const cursor = svg("circle", { r: 5, class: "cursor" });

    const draw = () => {
      drawing.replaceChildren(svg("title", { id }, `${title}: ${points.length} values`));
      const finite = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y) && y !== null);
      let [x0, x1] = ends(finite.map(([x]) => x));
      let [y0, y1] = ends(finite.map(([, y]) => y));
      const ySize = step((y1 - y0) / 4), xSize = step((x1 - x0) / 4);
      if (!small) { y0 = Math.floor(y0 / ySize + 1e-9) * ySize; y1 = Math.ceil(y1 / ySize - 1e-9) * ySize; }
      const px = (x) => plot.left + (x - x0) / (x1 - x0) * plot.width;
      const py = (y) => plot.top + (1 - (y - y0) / (y1 - y0)) * plot.height;
      if (!small) {
        for (let tick = y0; tick <= y1 + ySize / 2; tick += ySize) {
          drawing.append(svg("path", { class: "grid", d: `M${plot.left} ${py(tick).toFixed(1)}h${plot.width}` }));
          drawing.append(svg("text", { class: "tick end", x: plot.left - 6, y: (py(tick) + 4).toFixed(1) }, label(tick, ySize)));
        }
        const whole = finite.every(([x]) => Number.isInteger(x));
        const size = whole ? Math.max(1, xSize) : xSize;
        for (let tick = Math.ceil(x0 / size - 1e-9) * size; tick <= x1 + size * 1e-6; tick += size)
          drawing.append(svg("text", { class: "tick middle", x: px(tick).toFixed(1), y: plot.top + plot.height + 16 }, label(tick, size)));
        drawing.append(svg("text", { class: "axis middle", x: plot.left + plot.width / 2, y: height - 8 }, xLabel));
        drawing.append(svg("rect", { class: "frame", x: plot.left, y: plot.top, width: plot.width, height: plot.height }));
      }
      places = finite.map(([x, y]) => [px(x), py(y), x, y]);
      const path = (list) => list.map(([x, y], index) => (index ? "L" : "M") + x.toFixed(1) + " " + y.toFixed(1)).join("");
      if (marks) {
        let best = null;
        const corners = [];
        for (const [x, , , value] of places) {
          if (best !== null) corners.push([x, py(best)]);
          if (best === null || (lowest ? value < best : value > best)) best = value;
          corners.push([x, py(best)]);
        }
        drawing.append(svg("path", { class: "line stroke-1", d: path(corners) }));
        for (const [x, y] of places) drawing.append(svg("circle", { class: "fill-0", cx: x.toFixed(1), cy: y.toFixed(1), r: 3.5 }));
        latest.textContent = best === null ? "" : "best " + protea.number(best);
      } else {
        drawing.append(svg("path", { class: "line stroke-0", d: path(places) }));
        const last = places[places.length - 1];
        if (last) drawing.append(svg("circle", { class: "fill-0", cx: last[0].toFixed(1), cy: last[1].toFixed(1), r: 3 }));
        const newest = points[points.length - 1];
        latest.textContent = newest ? (newest[1] === null ? "not finite" : protea.number(newest[1])) : "";
      }
      if (at !== null) show(at);
    };
    const show = (index) => {
      at = Math.max(0, Math.min(places.length - 1, index));
      const place = places[at];
      if (!place) { at = null; return; }
      cursor.setAttribute("cx", place[0]);
      cursor.setAttribute("cy", place[1]);
      drawing.append(cursor);
      readout.textContent = `${xLabel} ${protea.number(place[2])} · ${title} ${protea.number(place[3])}`;
    };
    const hide = () => { at = null; cursor.remove(); readout.textContent = ""; };
    if (!small) {
      drawing.addEventListener("pointermove", (event) => {
        const matrix = drawing.getScreenCTM();
        if (!matrix || !places.length) return;
        const { x } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
        let best = 0;
        places.forEach(([px], index) => { if (Math.abs(px - x) < Math.abs(places[best][0] - x)) best = index; });
        show(best);
      });
      drawing.addEventListener("pointerleave", () => { if (document.activeElement !== drawing) hide(); });
      drawing.addEventListener("blur", hide);
      drawing.addEventListener("keydown", (event) => {
        const moves = { ArrowRight: at === null ? 0 : at + 1, ArrowLeft: at === null ? places.length - 1 : at - 1, Home: 0, End: places.length - 1 };
        if (event.key === "Escape") hide();
        else if (event.key in moves) { event.preventDefault(); show(moves[event.key]); }
      });
    }
    return {
      box,
      count: () => points.length,
      add: (more) => {
        points.push(...more);
        while (points.length > MOST) points = points.filter((_, index) => index % 2 === 0 || index === points.length - 1);
        draw();
      },
      set: (all) => { points = all; draw(); },
    };
  };
  return make;
})();
