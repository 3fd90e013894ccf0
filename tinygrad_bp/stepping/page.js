// The page: which step, which box, which level; and the controls that change them.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const sheet = byId("sheet");
const panel = byId("panel");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const state = { step: 0, level: data.start, item: data.root, module: null, view: null, timer: 0 };
const pictures = [];
const sent = data.items.map(() => []);

data.items.forEach((item, number) => {
  const steps = (item.ledger ?? []).map((entry) => entry.from + 1);
  const otherwise = number === data.root && item.gradient ? 0 : Infinity;
  item.times = {
    first: steps.length ? Math.min(...steps) : otherwise,
    last: steps.length ? Math.max(...steps) : otherwise,
    own: number < data.steps ? number + 1 : Infinity,
  };
  for (const entry of item.ledger ?? []) sent[entry.from].push([number, entry]);
});

const SMALLEST = 0.75; // the size below which the words in the boxes are hard to read
const READABLE = 1.05; // the size of a graph that does not fit as a whole

/** What part of the graph is in view: noted, since asking for it makes the browser lay out. */
const view = { left: 0, top: 0, width: 0, height: 0 };
function look() {
  Object.assign(view, {
    left: sheet.scrollLeft,
    top: sheet.scrollTop,
    width: sheet.clientWidth,
    height: sheet.clientHeight,
  });
}
sheet.addEventListener("scroll", look, { passive: true });
new ResizeObserver(look).observe(sheet);

const picture = () =>
  (pictures[state.level] ??= new Picture(data.levels[state.level], state.level, chooseBox));

// ------------------------------------------------------------------------------------- what to show

/** Go to a step of the backward pass; the box at hand becomes the chosen one. */
function go(step) {
  state.step = Math.min(Math.max(step, 0), data.steps);
  state.view = null;
  const box = state.step ? picture().at.get(state.step - 1) : null;
  state.module = (box && picture().level.modules[box] && box) || null;
  state.item = state.step ? state.step - 1 : data.root;
  paint();
  picture().reveal(box ?? picture().at.get(data.root), sheet, view, !calm.matches && !state.timer);
  say();
}

/** Return where the next step ends, or the one before; a closed module is one step. */
function next(from, direction) {
  const { stops } = picture();
  return direction > 0
    ? (stops.find((stop) => stop > from) ?? data.steps)
    : (stops.findLast((stop) => stop < from) ?? 0);
}

function jump(step) {
  stop();
  go(step);
}

function move(direction, count = 1) {
  let step = state.step;
  for (let i = 0; i < count; i++) step = next(step, direction);
  jump(step);
}

function chooseItem(number) {
  state.item = number;
  state.module = null;
  state.view = null;
  paint();
  picture().reveal(picture().at.get(number), sheet, view, !calm.matches);
}

function chooseBox(box) {
  stop();
  const { boxes, modules } = picture().level;
  if (modules[box]) state.module = box;
  else {
    state.module = null;
    state.item = boxes[box];
  }
  state.view = null;
  paint();
  picture().boxes.get(box)?.element.focus({ preventScroll: true });
}

/** Bring the picture, the panel and the controls in line with the state. */
function paint() {
  showPanel();
  const shown = picture();
  shown.paint(state.step);
  shown.choose(state.module ?? shown.at.get(state.item));
  byId("slider").value = state.step;
  byId("count").textContent = `${state.step} / ${data.steps}`;
  byId("slider").setAttribute("aria-valuetext", spoken());
  for (const id of ["first", "back"]) byId(id).disabled = state.step === 0;
  for (const id of ["on", "last"]) byId(id).disabled = state.step === data.steps;
  byId("play").disabled = data.steps === 0;
}

const act = {
  go,
  choose: chooseItem,
  view(key) {
    state.view = key;
    showPanel();
    panel.querySelector('.tabs [aria-pressed="true"]')?.scrollIntoView({ block: "nearest" });
  },
};

let described = null;
function showPanel() {
  const { step, item, module, view } = state;
  const about = module ? `module ${module}` : `item ${item}`;
  const parts = module
    ? modulePanel(picture().level.modules[module], step, view, act)
    : itemPanel(item, step, view, act);
  // Before anything is changed: afterwards the browser would have to lay out the page at once.
  if (about !== described) panel.scrollTop = 0;
  panel.replaceChildren(...parts.filter(Boolean));
  described = about;
}

function spoken() {
  if (!state.step) return `Start, before step 1 of ${data.steps}`;
  const { name } = data.items[state.step - 1];
  const targets = new Set(sent[state.step - 1].map(([target]) => data.items[target].name));
  const passed = targets.size ? `; it passes on to ${[...targets].join(", ")}` : "";
  return `Step ${state.step} of ${data.steps}: the gradient of ${name} is complete${passed}`;
}

const say = () => (byId("said").textContent = state.timer ? "" : spoken());

// --------------------------------------------------------------------------------- playing, levels

function play() {
  if (state.step >= data.steps) go(0);
  const tick = () => {
    go(next(state.step, 1));
    if (state.step < data.steps) state.timer = setTimeout(tick, Number(byId("speed").value));
    else stop();
  };
  state.timer = setTimeout(tick, Math.min(300, Number(byId("speed").value)));
  mark(true);
}

function stop() {
  clearTimeout(state.timer);
  state.timer = 0;
  mark(false);
}

function mark(playing) {
  byId("play").classList.toggle("playing", playing);
  byId("play").setAttribute("aria-label", playing ? "Pause" : "Play");
}

const toggle = () => (state.timer ? stop() : play());

function openLevel(number) {
  if (!data.levels[number]) return;
  state.level = number;
  byId("level").value = number;
  const shown = picture();
  sheet.replaceChildren(shown.svg);
  look();
  if (!shown.scale) {
    shown.measure();
    const whole = shown.fitting(view);
    resize(whole < SMALLEST ? READABLE : whole);
  }
  const box = shown.at.get(state.item);
  state.module = shown.level.modules[box] && data.items[state.item].kind === "op" ? box : null;
  paint();
  shown.reveal(box, sheet, view, false);
}

function resize(scale) {
  picture().resize(scale);
  look();
  picture().reveal(state.module ?? picture().at.get(state.item), sheet, view, false);
}
