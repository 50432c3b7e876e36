"use strict";
// What all pages share. Texts of runs are set as textContent only.
const protea = (() => {
  const root = document.documentElement;
  const element = (name, text, attributes) => {
    const made = document.createElement(name);
    if (text !== undefined && text !== null) made.textContent = text;
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    return made;
  };
  const byId = (id) => document.getElementById(id);

  const themes = ["automatic", "light", "dark"];
  let theme = localStorage.getItem("protea-theme") || "automatic";
  if (!themes.includes(theme)) theme = "automatic";
  const apply = () => {
    if (theme === "automatic") delete root.dataset.theme;
    else root.dataset.theme = theme;
    byId("theme").textContent = "Theme: " + theme;
  };
  apply();
  byId("theme").addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    localStorage.setItem("protea-theme", theme);
    apply();
  });

  const number = (value) => {
    if (value === null || value === undefined) return "–";
    if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString("en-GB");
    const size = Math.abs(value);
    return size >= 1e6 || size < 1e-3 ? value.toExponential(3) : value.toFixed(size < 100 ? 4 : 1);
  };
  const duration = (seconds) => {
    if (seconds === null || seconds === undefined) return "–";
    if (seconds < 60) return seconds.toFixed(1) + " s";
    const whole = Math.round(seconds);
    const two = (value) => String(value).padStart(2, "0");
    if (whole < 3600) return Math.floor(whole / 60) + " min " + two(whole % 60) + " s";
    return Math.floor(whole / 3600) + " h " + two(Math.floor(whole % 3600 / 60)) + " min";
  };
  // The progress of a search, a cross-validation or a benchmark in words.
  const progress = ({ unit, done, total, reused, best, seconds_left: left }) => {
    const many = (count) => count.toLocaleString("en-GB");
    let text = `${many(done)} of ${many(total)} ${unit}s`;
    if (reused) text += `, ${many(reused)} reused`;
    if (best) text += ` · best${done < total ? " so far" : ""} ${number(best[1])} (${unit} ${best[0]})`;
    if (left !== null && left !== undefined && done < total) text += ` · about ${left < 60 ? Math.ceil(left) + " s" : duration(left)} left`;
    return text;
  };
  const status = (name) => element("span", name, { class: "status status-" + name });
  const runLink = (run) => element("a", run.name || run.id, { href: "/run/" + encodeURIComponent(run.id) });
  const cell = (content, className) => {
    const made = element("td");
    if (className) made.className = className;
    if (content instanceof Node) made.append(content);
    else made.textContent = content === null || content === undefined || content === "" ? "–" : content;
    return made;
  };
  const head = (text, className) => element("th", text, { scope: "col", ...(className ? { class: className } : {}) });

  const problem = (text) => {
    const box = byId("problem");
    box.textContent = text || "";
    box.hidden = !text;
  };
  const ask = async (path) => {
    let answer;
    try {
      answer = await fetch(path, { headers: { Accept: "application/json" } });
    } catch (e) {
      throw new Error("The server does not answer. Is `protea serve` still running?");
    }
    if (!answer.ok) throw new Error((await answer.text()).trim() || "The server refused the request.");
    return answer.json();
  };

  // A stream of events while the page is visible: browsers allow few connections to one server.
  const follow = (path, handlers, onState) => {
    let source = null, ended = false;
    const close = () => { if (source) source.close(); source = null; };
    const open = () => {
      if (source || ended || document.hidden) return;
      source = new EventSource(path);
      source.onopen = () => { if (handlers.open) handlers.open(); onState("live"); };
      source.onerror = () => onState(ended ? "ended" : "lost");
      for (const [name, handle] of Object.entries(handlers)) {
        if (name === "open") continue;
        source.addEventListener(name, (event) => {
          if (name === "end") { ended = true; close(); onState("ended"); }
          handle(JSON.parse(event.data));
        });
      }
    };
    document.addEventListener("visibilitychange", () => { if (document.hidden) close(); else open(); });
    addEventListener("pagehide", close);
    open();
  };

  return { element, byId, number, duration, progress, status, runLink, cell, head, problem, ask, follow };
})();
