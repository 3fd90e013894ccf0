// Arrays as the page shows them: a table or a heat map, a histogram, a line of statistics.

const COLOURS = {
  light: { low: [33, 102, 172], zero: [246, 247, 249], high: [190, 62, 30] },
  dark: { low: [96, 165, 250], zero: [36, 41, 51], high: [251, 146, 90] },
};
const NOT_FINITE = -32768;
const STEPS = 32767;
const MOST_COLUMNS = 6;
const MOST_ROWS = 8;

/** Make an element: properties, then children (elements, or text). */
function h(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Make an element of SVG. */
function drawn(tag, properties = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const RAISED = { ...[..."⁰¹²³⁴⁵⁶⁷⁸⁹"], "-": "⁻" };

/** Write a number with four digits, as people do. */
function written(value) {
  if (typeof value === "string") return { nan: "NaN", inf: "∞", "-inf": "−∞" }[value] ?? value;
  if (value === 0 || value === undefined || value === null) return value === 0 ? "0" : "–";
  const size = Math.abs(value);
  const text =
    Number.isInteger(value) && size < 1e6
      ? String(value)
      : size >= 1e5 || size < 1e-3
        ? value.toExponential(2)
        : String(Number(value.toPrecision(4)));
  const [digits, power] = text.split("e");
  const raised = power && [...power.replace("+", "")].map((sign) => RAISED[sign]).join("");
  return digits.replace("-", "−") + (power ? ` · 10${raised}` : "");
}

/** Write a number for a narrow cell. */
function brief(value) {
  const size = Math.abs(value);
  const plain = !Number.isFinite(value) || value === 0 || (size >= 1e-3 && size < 1e4);
  if (plain) return written(Number(value.toPrecision(3)));
  return value.toExponential(1).replace("e+", "e").replaceAll("-", "−");
}

/** Write a shape: "number" for a single one. */
function shapeText(shape) {
  return shape.length === 0
    ? "one number"
    : shape.length === 1
      ? `(${shape[0]},)`
      : `(${shape.join(", ")})`;
}

/** Return the cells of a grid as numbers; NaN where they are not finite. */
function cellsOf(summary) {
  if (!summary.read) {
    if (summary.exact)
      summary.read = Float64Array.from(summary.exact, (v) => (typeof v === "string" ? NaN : v));
    else {
      const bytes = Uint8Array.from(atob(summary.cells), (c) => c.charCodeAt(0));
      const levels = new DataView(bytes.buffer);
      summary.read = Float64Array.from({ length: bytes.length / 2 }, (_, i) => {
        const level = levels.getInt16(2 * i, true);
        return level === NOT_FINITE ? NaN : (level / STEPS) * summary.scale;
      });
    }
  }
  return summary.read;
}

/** Add up the grids of several arrays of one shape: means of blocks add up as the arrays do. */
function added(summaries) {
  const total = Float64Array.from(cellsOf(summaries[0]));
  for (const summary of summaries.slice(1))
    cellsOf(summary).forEach((value, i) => (total[i] += value));
  return total;
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Return a function from numbers between −1 and 1 to [red, green, blue], for the theme of now. */
function palette() {
  const { low, zero, high } = COLOURS[isDark() ? "dark" : "light"];
  return (share) => {
    const end = share < 0 ? low : high;
    const way = Math.min(Math.abs(share), 1);
    return zero.map((from, i) => Math.round(from + (end[i] - from) * way));
  };
}

const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

/** Black or white, whichever is read more easily on a colour. */
const ink = ([r, g, b]) => (0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#111827" : "#f9fafb");

/** Show a grid: a table of numbers where there are few, else a heat map. */
function grid(summary, cells, name) {
  const [rows, columns] = summary.grid;
  const peak = cells.reduce(
    (most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most),
    0,
  );
  const small = summary.exact && rows <= MOST_ROWS && columns <= MOST_COLUMNS;
  const box = h("div", { class: "grid" });
  if (cells.length === 0) {
    box.append(h("p", { class: "muted" }, "There are no numbers in it."));
    return box;
  }
  if (small) box.append(table(rows, columns, cells, peak, name, summary));
  else box.append(...heatMap(summary, cells, peak, name));
  if (cells.length > 1) box.append(scale(peak));
  return box;
}

function table(rows, columns, cells, peak, name, summary) {
  const lines = [];
  const colour = palette();
  for (let r = 0; r < rows; r++) {
    const line = h("tr");
    for (let c = 0; c < columns; c++) {
      const value = cells[r * columns + c];
      const paint = colour(peak ? value / peak || 0 : 0);
      const words = Number.isFinite(value) ? brief(value) : written(summary.exact[r * columns + c]);
      line.append(h("td", { style: `background:${css(paint)};color:${ink(paint)}` }, words));
    }
    lines.push(line);
  }
  const label = `${name}, ${rows} by ${columns}`;
  return h(
    "div",
    { class: "wide" },
    h("table", { class: "numbers", "aria-label": label }, h("tbody", {}, ...lines)),
  );
}

function heatMap(summary, cells, peak, name) {
  const [rows, columns] = summary.grid;
  const canvas = h("canvas", {
    width: columns,
    height: rows,
    role: "img",
    "aria-label": `Heat map of ${name}, shape ${shapeText(summary.shape)}, largest ${written(peak)} away from zero`,
  });
  const side = Math.max(4, Math.min(26, Math.floor(330 / columns)));
  canvas.style.width = `min(100%, ${columns * side}px)`;
  canvas.style.height = `${Math.max(Math.min(rows * side, 330), 22)}px`;
  const colour = palette();
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let i = 0; i < cells.length; i++) {
    const [r, g, b] = Number.isFinite(cells[i])
      ? colour(peak ? cells[i] / peak : 0)
      : [200, 60, 200];
    image.data.set([r, g, b, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
  const told = gridText(summary);
  const readout = h("p", { class: "muted readout" }, told);
  canvas.addEventListener("pointermove", (event) => {
    const frame = canvas.getBoundingClientRect();
    const column = cellAt((event.clientX - frame.left) / frame.width, columns);
    const row = cellAt((event.clientY - frame.top) / frame.height, rows);
    const value = cells[row * columns + column];
    const words = Number.isFinite(value) ? written(value) : "not finite";
    const down = span("row", row, rows, summary.layout[0]);
    const across = span("column", column, columns, summary.layout[1]);
    readout.textContent = `${down}, ${across}: ${summary.exact ? "" : "mean "}${words}`;
  });
  canvas.addEventListener("pointerleave", () => (readout.textContent = told));
  return [canvas, readout];
}

const cellAt = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));

/** Name the rows (or columns) of the array that a cell stands for. */
function span(word, place, shown, all) {
  const from = Math.floor((place * all) / shown) + 1;
  const to = Math.floor(((place + 1) * all) / shown);
  return to > from ? `${word}s ${from}–${to}` : `${word} ${from}`;
}

/** Say how an array was laid out, and what a cell of its picture means. */
function gridText(summary) {
  const [rows, columns] = summary.layout;
  const parts = [];
  if (summary.shape.length > 2)
    parts.push(`${shapeText(summary.shape)}, laid out as ${rows} × ${columns}`);
  if (!summary.exact && (summary.grid[0] < rows || summary.grid[1] < columns)) {
    const down = Math.round((10 * rows) / summary.grid[0]) / 10;
    const across = Math.round((10 * columns) / summary.grid[1]) / 10;
    const about = Number.isInteger(down * across) ? "" : "about ";
    parts.push(
      `each cell is the mean of ${about}${down} × ${across} of the ${rows} × ${columns} numbers`,
    );
  }
  const text = parts.join("; ") || "Point at a cell to read it.";
  return text[0].toUpperCase() + text.slice(1);
}

/** The legend of the colours: from −peak over 0 to peak. */
function scale(peak) {
  const colour = palette();
  const stops = [-1, -0.5, 0, 0.5, 1].map((share) => css(colour(share))).join(",");
  return h(
    "div",
    { class: "scale", "aria-hidden": "true" },
    h("span", {}, written(-peak)),
    h("i", { style: `background:linear-gradient(90deg,${stops})` }),
    h("span", {}, written(peak)),
  );
}

/** A histogram of the numbers that are finite, with a mark at zero. */
function histogram(summary) {
  if (!summary.counts) return null;
  const most = Math.max(...summary.counts);
  const wide = 240 / summary.counts.length;
  const bars = summary.counts.map((count, i) => {
    const tall = count ? Math.max(1.5, (56 * count) / most) : 0;
    return drawn("rect", { x: i * wide + 0.5, y: 60 - tall, width: wide - 1, height: tall });
  });
  const { low, high } = summary;
  const zero = low < 0 && high > 0 ? (240 * -low) / (high - low) : null;
  if (zero !== null) bars.push(drawn("line", { x1: zero, x2: zero, y1: 0, y2: 60 }));
  const label = `Histogram from ${written(low)} to ${written(high)}, at most ${most} in a bar`;
  const properties = {
    viewBox: "0 0 240 60",
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": label,
  };
  return h(
    "figure",
    { class: "histogram" },
    drawn("svg", properties, ...bars),
    h(
      "figcaption",
      {},
      h("span", {}, written(low)),
      h("span", {}, "histogram"),
      h("span", {}, written(high)),
    ),
  );
}

/** The statistics of an array as a list of terms. */
function statistics(summary) {
  const { low, high, mean, std, norm, zeros, odd, size } = summary;
  const entries = Object.entries({ min: low, max: high, mean, std, norm });
  const words = entries.map(([term, value]) => [term, written(value)]);
  if (zeros) words.push(["zeros", `${written((100 * zeros) / size)} %`]);
  if (odd) words.push(["not finite", odd.toLocaleString("en")]);
  return h(
    "dl",
    { class: "statistics" },
    ...words.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))),
  );
}
