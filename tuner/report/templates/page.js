"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read("figures"), data = read("data");
  const at = (id) => document.getElementById(id);
  const drawn = new Map(); // by the id of its place: what is drawn there, to be drawn in other colours
  const options = { responsive: true, displaylogo: false, displayModeBar: "hover", modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };

  // Colours are the page's own, read anew whenever the reader's system changes them.
  const themed = (layout) => {
    const style = getComputedStyle(document.documentElement);
    const [ink, dim, line, wash] = ["--ink", "--dim", "--line", "--wash"].map((name) => style.getPropertyValue(name).trim());
    const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, automargin: true, title: { standoff: 8, font: { color: dim, size: 12 } }, tickfont: { color: dim } };
    const template = { layout: { font: { color: ink, family: "system-ui, sans-serif", size: 12 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", xaxis: axis, yaxis: axis, hoverlabel: { bgcolor: wash, bordercolor: line, font: { color: ink } }, annotationdefaults: { font: { color: dim } }, modebar: { bgcolor: "rgba(0,0,0,0)", color: dim, activecolor: ink } } };
    return { margin: { l: 10, r: 10, t: 24, b: 10 }, legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 }, ...layout, template };
  };
  // Panels stand below each other where there is no room beside; then each says what its values are.
  const narrow = matchMedia("(max-width: 560px)");
  const placed = (id, { grid, ...layout }) => {
    if (!grid || !narrow.matches) return grid ? { grid, ...layout } : layout;
    const columns = Object.keys(layout).filter((key) => /^xaxis/.test(key)).map((key) => key.slice(5));
    at(id).style.height = `${100 + 230 * columns.length}px`;
    const named = Object.fromEntries(columns.map((end) => [`yaxis${end}`, { ...layout[`yaxis${end}`], title: layout[`yaxis${end}`].title.text ? layout[`yaxis${end}`].title : layout.yaxis.title }]));
    return { ...layout, ...named, grid: { ...grid, rows: columns.length, columns: 1, ygap: 0.36 } };
  };
  const draw = (id, figure) => {
    drawn.set(id, figure);
    return Plotly.react(at(id), figure.data, themed(placed(id, figure.layout)), options);
  };
  const redraw = () => drawn.forEach((figure, id) => draw(id, figure));
  const again = (id, figure) => drawn.has(id) && draw(id, figure); // if its turn has come

  // A figure is drawn when the reader comes near it, and the others one by one in idle moments:
  // a page of a thousand trials can be read before all of it is drawn.
  const waiting = new Map();
  const turn = (place) => {
    const first = waiting.get(place);
    waiting.delete(place);
    if (first) first();
  };
  const all = () => [...waiting.keys()].forEach(turn);
  const idle = (then) => { // on a busy machine no moment is idle
    if (window.requestIdleCallback) requestIdleCallback(then, { timeout: 500 });
    else setTimeout(then, 20);
  };
  const rest = () => {
    if (!waiting.size) document.documentElement.dataset.drawn = "all";
    else idle(() => { turn(waiting.keys().next().value); rest(); });
  };
  const begin = () => {
    let seen = false;
    const near = new IntersectionObserver((entries) => {
      entries.filter((entry) => entry.isIntersecting).forEach((entry) => turn(entry.target));
      if (!seen) { document.documentElement.dataset.drawn = "near"; rest(); }
      seen = true;
    }, { rootMargin: "50% 0px" });
    waiting.forEach((_, place) => near.observe(place));
    if (!waiting.size) rest();
    addEventListener("beforeprint", all);
  };

  const leaderboard = () => {
    const table = at("trials"), body = table.tBodies[0], more = at("all-rows");
    let whole = more.hidden, picked = null;
    const show = () => {
      let shown = 0;
      for (const row of body.rows) {
        const within = !picked || picked.has(Number(row.dataset.trial));
        row.hidden = !within || (!whole && shown >= Number(table.dataset.shown));
        shown += within;
      }
    };
    more.onclick = () => { whole = true; more.hidden = true; show(); };
    const value = (row, column) => {
      const text = row.cells[column].dataset.v;
      return text === "" || isNaN(text) ? text : Number(text);
    };
    const compare = (a, b) => (a === "") - (b === "") || (typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1);
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      heading.firstElementChild.onclick = () => {
        const down = heading.getAttribute("aria-sort") === "ascending";
        for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows].sort((a, b) => {
          const [x, y] = [value(a, column), value(b, column)];
          return down && x !== "" && y !== "" ? compare(y, x) : compare(x, y);
        });
        body.append(...rows);
        show();
      };
    });
    body.onclick = (event) => choose(event.target.closest("tr"));
    body.onkeydown = (event) => { if (event.key === "Enter") choose(event.target.closest("tr")); };
    const choose = (row) => {
      for (const other of body.querySelectorAll(".chosen")) other.classList.remove("chosen");
      row.classList.add("chosen");
      trial(row.dataset.trial);
    };
    return (numbers) => {
      picked = numbers && new Set(numbers);
      at("brushed").hidden = !picked;
      at("brushed").textContent = picked ? `${picked.size} of ${body.rows.length} trials are picked under "All settings".` : "";
      show();
    };
  };

  const trial = (number) => {
    const one = data.trials[number], place = at("trial");
    place.hidden = false;
    place.querySelector("h3").textContent = `Trial ${number}` + (one.published ? `, published ${one.published}` : "");
    at("trial-settings").replaceChildren(...Object.entries(one.settings).map(([name, value]) => {
      const row = document.createElement("tr");
      row.insertCell().textContent = name;
      const cell = row.insertCell();
      cell.textContent = value;
      cell.className = "n";
      return row;
    }));
    at("trial-log").textContent = one.log.join("\n");
    const line = (name, x, y, axis) => ({ type: "scatter", mode: "lines+markers", name, x, y, xaxis: `x${axis}`, yaxis: `y${axis}` });
    const losses = Object.entries(one.losses).map(([name, values]) => line(name, one.loss_epochs, values, "2"));
    const own = { ...line(data.metric, one.epochs, one.values, ""), showlegend: false, line: { color: data.mark } };
    const epochs = { title: { text: "epoch" }, ...data.epoch_axis };
    draw("plot-trial", { data: [own, ...losses], layout: { grid: { rows: 1, columns: losses.length ? 2 : 1, pattern: "independent", xgap: 0.28 }, legend: { orientation: "h", x: 0, y: -0.25, yanchor: "top" }, xaxis: epochs, yaxis: { title: { text: data.metric } }, ...(losses.length ? { xaxis2: epochs, yaxis2: { title: { text: "loss" } } } : {}) } });
    place.scrollIntoView({ block: "nearest" });
  };

  // Which lines of the parallel coordinates lie within all brushes: the leaderboard shows those.
  const brushes = (plot, pick) => {
    plot.on("plotly_restyle", () => {
      const axes = plot.data[0].dimensions.filter((axis) => axis.constraintrange);
      const within = (axis, row) => [axis.constraintrange].flat(axis.constraintrange[0].length ? 1 : 0).some(([low, high]) => low <= axis.values[row] && axis.values[row] <= high);
      pick(axes.length ? data.brushed.filter((_, row) => axes.every((axis) => within(axis, row))) : null);
    });
  };

  const contours = (chooser) => {
    const show = () => draw("plot-contour", data.contours[chooser.value]);
    chooser.onchange = show;
    waiting.set(at("plot-contour"), show);
  };

  const threshold = () => {
    const slider = at("threshold");
    if (!slider) return;
    const { normal, anomalous, normals, anomalies, set, own, mark, bins, range } = data.threshold, both = [...normal, ...anomalous].sort((a, b) => a - b);
    const above = (scores, limit) => scores.filter((score) => score > limit).length;
    const scores = figures.scores;
    scores.data[0].x = normal;
    scores.data[1].x = anomalous;
    for (const trace of scores.data) trace.xbins = bins; // the same for both kinds
    scores.layout.xaxis.range = range;
    // Of the model's own threshold the counts are exact; elsewhere they are counted by the scores
    // that the page carries, which may be but some.
    const count = (scores, all, limit) => Math.round((above(scores, limit) / scores.length) * all) || 0;
    const put = (limit, exact) => {
      const { found, flagged } = exact || { found: count(anomalous, anomalies, limit), flagged: count(normal, normals, limit) };
      const about = exact || both.length === normals + anomalies ? "" : "about ";
      const cell = (id, part, of) => { at(id).textContent = `${about}${part} (${of ? ((100 * part) / of).toFixed(1) : "–"}%)`; };
      cell("tn", normals - flagged, normals);
      cell("fp", flagged, normals);
      cell("fn", anomalies - found, anomalies);
      cell("tp", found, anomalies);
      at("threshold-value").textContent = limit.toPrecision(4);
      scores.layout.shapes = [{ type: "line", x0: limit, x1: limit, yref: "paper", y0: 0, y1: 1, line: { width: 2, dash: "dash", color: mark } }];
      again("plot-scores", scores);
      const ring = figures.roc.data.at(-1);
      ring.x = [flagged / normals];
      ring.y = [found / anomalies];
      again("plot-roc", figures.roc);
    };
    const back = () => {
      slider.value = Math.round((1000 * both.filter((score) => score <= set).length) / both.length);
      put(set, own);
    };
    slider.oninput = () => put(both[Math.round((slider.value / 1000) * (both.length - 1))]);
    at("threshold-set").onclick = back;
    back();
  };

  const pick = leaderboard();
  for (const place of document.querySelectorAll("[data-figure]")) {
    const name = place.dataset.figure;
    if (figures[name]) waiting.set(place, () => draw(place.id, figures[name]));
  }
  if (at("pair")) contours(at("pair"));
  threshold();
  if (figures.parallel) {
    const place = at("plot-parallel"), first = waiting.get(place);
    waiting.set(place, () => { first(); brushes(place, pick); });
  }
  for (const media of ["(prefers-color-scheme: dark)", "print"]) {
    matchMedia(media).addEventListener("change", redraw);
  }
  begin();
})();
