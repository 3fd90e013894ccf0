// The panel: what is known of the value or the module that was chosen, at the step at hand.

/** A formula, by its number. */
function math(number) {
  const span = h("span", { class: "math" });
  span.innerHTML = data.formulas[number];
  return span;
}

const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

/** A button that names a value and chooses it. */
function link(number, choose) {
  return h(
    "button",
    {
      type: "button",
      class: "link",
      onclick: () => choose(number),
      "aria-label": data.items[number].name,
    },
    math(data.items[number].symbol),
  );
}

/** Everything about one value; `view` says which of its arrays is shown. */
function itemPanel(number, step, view, act) {
  const item = data.items[number];
  const kind = { op: item.op, leaf: "collects its gradient", data: "data" }[item.kind];
  const parts = [
    h(
      "div",
      { class: "title" },
      h("h2", {}, math(item.symbol)),
      h("span", { class: "kind" }, kind),
    ),
    h("p", { class: "facts muted" }, facts(item)),
  ];
  if (item.equation !== undefined) {
    parts.push(h("p", { class: "formula" }, math(item.symbol), " = ", math(item.equation)));
  }
  if (item.gradient) parts.push(gradientSection(item, step, act));
  else if (item.kind !== "data") parts.push(section("Gradient", muted(data.note || NOT_REACHED)));
  if (number < data.steps) parts.push(sentSection(number, step, act));
  parts.push(numbersSection(item, step, view, act));
  return parts;
}

function facts(item) {
  const about = [shapeText(item.shape), item.dtype];
  if (item.path) about.push(item.path);
  if (item.module) about.push(`in ${item.module}`);
  if (item.line) about.push(`recorded at ${item.line}`);
  return about.join(" · ");
}

const NOT_REACHED = "The loss does not depend on it in a way that can be differentiated.";
const muted = (...words) => h("p", { class: "muted" }, ...words);
const section = (title, ...children) => h("section", {}, h("h3", {}, title), ...children);

/** Say how much of a gradient has arrived by now. */
function progress(item, step) {
  const { first, last } = item.times;
  const rows = item.ledger.length;
  if (rows === 0) return "The backward pass begins here: its gradient is the seed.";
  if (item.apart)
    return `A function of several outputs, each with a gradient: all since step ${last}.`;
  if (step < first) {
    const all = [...new Set(item.ledger.map((entry) => entry.from + 1))];
    return `It arrives in step${all.length > 1 ? "s" : ""} ${all.join(", ")}.`;
  }
  const arrived = item.ledger.filter((entry) => entry.from < step).length;
  if (arrived < rows)
    return `${arrived} of ${rows} contributions have arrived; the last one comes in step ${last}.`;
  const sum = rows > 1 ? `: ${rows} contributions were added up` : "";
  return `Complete since step ${last}${sum}.`;
}

function gradientSection(item, step, act) {
  const parts = [
    h(
      "p",
      { class: `progress ${step >= item.times.last ? "complete" : ""}` },
      progress(item, step),
    ),
  ];
  if (item.derived) {
    if (data.turned) parts.push(muted("With a sample in each column, as the derivation has it:"));
    const [formula] = item.derived[item.derived.length - 1];
    parts.push(h("p", { class: "formula main" }, math(item.dsymbol), " = ", math(formula)));
    parts.push(...derivedSteps(item));
  } else if (item.ledger.length > 1 && !item.apart) {
    const terms = item.ledger.flatMap((entry, i) =>
      i ? [" + ", bracketed(entry)] : [math(entry.formula)],
    );
    parts.push(h("p", { class: "formula main" }, math(item.dsymbol), " = ", ...terms));
  }
  if (item.ledger.length) parts.push(ledger(item, step, act));
  if (item.times.own !== Infinity && item.times.own !== step) {
    const go = () => act.go(item.times.own);
    parts.push(
      h(
        "button",
        { type: "button", class: "go", onclick: go },
        `Go to its step, ${item.times.own}`,
      ),
    );
  }
  return section("Gradient", ...parts);
}

const bracketed = (entry) => h("span", {}, "(", math(entry.formula), ")");

/** The forms that a formula went through, with the reasons, behind a summary. */
function derivedSteps(item) {
  const parts = [];
  for (const [name, formula] of item.where) {
    parts.push(h("p", { class: "where formula muted" }, `where ${name} = `, math(formula)));
  }
  for (const [symbol, meaning] of item.here) {
    parts.push(h("p", { class: "where muted" }, math(symbol), ` is ${meaning}`));
  }
  if (item.derived.length > 1) {
    const lines = item.derived.map(([formula, reason]) =>
      h("li", {}, h("div", { class: "formula" }, math(formula)), reason ? muted(reason) : null),
    );
    parts.push(h("details", {}, h("summary", {}, "How it was simplified"), h("ol", {}, ...lines)));
  }
  return parts;
}

/** Every += that went into a gradient: when, over which operation, what, and the sum so far. */
function ledger(item, step, act) {
  const bodies = item.ledger.map((entry, i) => {
    const there = entry.from < step;
    const name = data.items[entry.from].name;
    const over = entry.operand ? h("span", { class: "muted" }, ` operand ${entry.operand}`) : null;
    const numbers = h(
      "button",
      {
        type: "button",
        class: "show",
        disabled: !there,
        onclick: () => act.view(`path ${i}`),
        "aria-label": `Show the numbers that arrive over ${name}`,
      },
      "▦",
    );
    return h(
      "tbody",
      { class: there ? (entry.from === step - 1 ? "new" : "") : "later" },
      h(
        "tr",
        {},
        h("td", { rowspan: 2 }, String(entry.from + 1)),
        h("td", {}, link(entry.from, act.choose), over),
        h("td", {}, there ? written(entry.norm) : "–"),
        h("td", {}, there ? written(entry.total) : "–"),
        h("td", {}, entry.numbers ? numbers : null),
      ),
      h(
        "tr",
        {},
        h(
          "td",
          { colspan: 4, class: "added" },
          h("div", { class: "formula" }, "+= ", math(entry.formula)),
        ),
      ),
    );
  });
  const head = ["Step", "Over", "Norm", "Norm of the sum", ""].map((text) =>
    h("th", { scope: "col" }, text),
  );
  return h(
    "div",
    { class: "wide" },
    h(
      "table",
      { class: "ledger" },
      h("caption", {}, "The ledger: what is added to ", math(item.dsymbol)),
      h("thead", {}, h("tr", {}, ...head)),
      ...bodies,
    ),
  );
}

/** What the rule of an operation adds to the gradients of its operands. */
function sentSection(number, step, act) {
  const own = number + 1;
  const lines = sent[number].map(([target, entry]) =>
    h(
      "li",
      {},
      link(target, act.choose),
      h(
        "span",
        { class: "formula" },
        math(data.items[target].dsymbol),
        " += ",
        math(entry.formula),
      ),
    ),
  );
  const words =
    step === own
      ? "In this step its rule runs, and adds"
      : step > own
        ? `In step ${own} its rule ran, and added`
        : `In step ${own} its rule will run, and add`;
  const none = "Nothing: no operand of it wants a gradient.";
  return section(
    "What it passes on",
    h("p", {}, lines.length ? words : none),
    h("ul", { class: "sent" }, ...lines),
  );
}

/** The arrays that can be shown of a value, at a step: [key, title, summary, cells]. */
function arrays(item, step) {
  const found = [];
  if (item.value) found.push(["value", "Value", item.value, () => cellsOf(item.value)]);
  if (!item.gradient) return found;
  const arrived = (item.ledger ?? []).filter((entry) => entry.from < step);
  const complete = step >= item.times.last;
  const title = item.apart ? "Gradient of one output" : "Gradient";
  if (complete) found.push(["gradient", title, item.gradient, () => cellsOf(item.gradient)]);
  else if (arrived[0]?.numbers) {
    const { shape, layout, grid: size } = item.gradient;
    const numbers = arrived.map((entry) => entry.numbers);
    const exact = numbers[0].exact && Array.from(added(numbers));
    const norm = arrived[arrived.length - 1].total;
    const sum = { shape, layout, grid: size, exact, norm };
    found.push(["gradient", "Sum so far", sum, () => added(numbers)]);
  }
  (item.ledger ?? []).forEach((entry, i) => {
    if (!entry.numbers || entry.from >= step) return;
    const over = `+= over ${data.items[entry.from].name}`;
    found.push([`path ${i}`, over, entry.numbers, () => cellsOf(entry.numbers)]);
  });
  return found;
}

function numbersSection(item, step, view, act) {
  const shown = arrays(item, step);
  if (!shown.length) return section("Numbers", muted("They are not known any more."));
  const wanted =
    shown.find(([key]) => key === view) ?? shown.find(([key]) => key === "gradient") ?? shown[0];
  const tabs = shown.map(([key, title]) =>
    h(
      "button",
      { type: "button", "aria-pressed": String(key === wanted[0]), onclick: () => act.view(key) },
      title,
    ),
  );
  const [, title, summary, cells] = wanted;
  const parts = [
    h("div", { class: "tabs", role: "group", "aria-label": "Which numbers" }, ...tabs),
  ];
  if (item.gradient && step < item.times.first) parts.push(muted("No gradient has arrived yet."));
  parts.push(grid(summary, cells(), `${title.toLowerCase()} of ${item.name}`));
  if (summary.size > 1) parts.push(statistics(summary), histogram(summary) ?? "");
  else if (summary.size === undefined) parts.push(muted(`Norm ${written(summary.norm)}.`));
  return section("Numbers", ...parts);
}

/** A closed module: what comes out of it, its parameters and operations, and how far they are. */
function modulePanel(module, step, view, act) {
  const count = module.items.length;
  const parameters = [...data.items.keys()].filter((number) => isInside(number, module));
  return [
    h(
      "div",
      { class: "title" },
      h("h2", {}, module.name || module.kind),
      module.name ? h("span", { class: "kind" }, module.kind) : null,
    ),
    h(
      "p",
      { class: "facts muted" },
      `module · ${plural(count, "operation")}; ${moduleProgress(module, step)}`,
    ),
    parameters.length ? listed("parameter", parameters, module, step, act) : null,
    count > 1 ? listed("operation", module.items, module, step, act) : null,
    h(
      "p",
      { class: "facts muted output" },
      count > 1 ? "What comes out of it:" : "What it computes:",
    ),
    ...itemPanel(module.items[0], step, view, act),
  ];
}

/** Say how many of a module's rules have run. */
function moduleProgress(module, step) {
  const count = module.items.length;
  const ran = module.items.filter((number) => number < step).length;
  if (count === 1) return ran ? "its rule has run" : "its rule has not run yet";
  if (ran === 0) return "none of their rules has run yet";
  return ran === count ? "all their rules have run" : `the rules of ${ran} have run`;
}

/** Whether a parameter is read by this module alone. */
function isInside(number, module) {
  const { kind, ledger } = data.items[number];
  return (
    kind === "leaf" &&
    ledger?.length > 0 &&
    ledger.every((entry) => module.items.includes(entry.from))
  );
}

/** The parameters or operations of a module, behind a summary: open if few, or as they were left. */
function listed(word, numbers, module, step, act) {
  const rows = numbers.map((number) => {
    const item = data.items[number];
    const known = item.times.last <= step;
    const about = (item.path || item.op).replace(`${module.name}.`, "");
    return h(
      "tr",
      { class: known ? "" : "later" },
      h("td", {}, link(number, act.choose)),
      h("td", { class: "muted" }, about),
      h("td", {}, shapeText(item.shape)),
      h("td", {}, known ? written(item.gradient?.norm) : "–"),
    );
  });
  const titles = ["Name", "", "Shape", "Gradient’s norm"];
  const head = titles.map((text) => h("th", { scope: "col" }, text));
  const table = h(
    "table",
    { class: "ledger" },
    h("thead", {}, h("tr", {}, ...head)),
    h("tbody", {}, ...rows),
  );
  const open = unfolded.get(word) ?? numbers.length <= FEW;
  const remember = (event) => unfolded.set(word, !event.currentTarget.parentNode.open);
  const summary = h("summary", { onclick: remember }, plural(numbers.length, word));
  return h("details", { open }, summary, h("div", { class: "wide few" }, table));
}

const FEW = 4;
const unfolded = new Map();
