// The picture of one level: boxes and arrows, their classes, its size, and what is in view.

class Picture {
  constructor(level, number, choose) {
    this.level = level;
    const template = document.getElementById(`picture-${number}`);
    this.svg = template.content.firstElementChild.cloneNode(true);
    this.width = Number(this.svg.dataset.width);
    this.height = Number(this.svg.dataset.height);
    this.boxes = new Map();
    for (const box of this.svg.querySelectorAll("[data-box]")) {
      this.boxes.set(box.dataset.box, { element: box, state: "", items: [] });
      box.addEventListener("click", () => choose(box.dataset.box));
    }
    this.arrows = new Map();
    for (const arrow of this.svg.querySelectorAll("[data-edge]")) {
      const known = this.arrows.get(arrow.dataset.edge);
      if (known) known.elements.push(arrow);
      else this.arrows.set(arrow.dataset.edge, { elements: [arrow], state: "", times: [] });
    }
    this.at = this.places();
    this.stops = this.findStops();
    this.findTimes();
    this.scale = 0;
  }

  /** Tell the box of every item: its own, or that of the module which hides it. */
  places() {
    const at = new Map();
    for (const [box, item] of Object.entries(this.level.boxes)) at.set(item, box);
    for (const [box, module] of Object.entries(this.level.modules))
      for (const item of module.items) at.set(item, box);
    data.items.forEach((item, number) => {
      if (!at.has(number) && item.ledger?.length) at.set(number, at.get(item.ledger[0].from));
    });
    for (const [item, box] of at) this.boxes.get(box)?.items.push(item);
    return at;
  }

  /** Return where a step ends: after all neighbouring steps of one box. */
  findStops() {
    const stops = [0];
    for (let step = 1; step <= data.steps; step++) {
      if (step === data.steps || this.at.get(step) !== this.at.get(step - 1)) stops.push(step);
    }
    return stops;
  }

  /** Note at which steps a gradient passes each arrow. */
  findTimes() {
    data.items.forEach((item, number) => {
      for (const entry of item.ledger ?? []) {
        const arrow = this.arrows.get(`${this.at.get(number)} ${this.at.get(entry.from)}`);
        if (arrow) arrow.times.push(entry.from + 1);
      }
    });
  }

  /** Give boxes and arrows the classes of a moment; touch only those that change. */
  paint(step) {
    const here = step > 0 ? this.at.get(step - 1) : null;
    const before = this.stops.findLast((stop) => stop < step) ?? 0;
    for (const [id, box] of this.boxes) {
      const state = id === here ? "now" : boxState(box.items, step);
      if (state !== box.state) {
        if (box.state) box.element.classList.remove(box.state);
        if (state) box.element.classList.add(state);
        box.state = state;
      }
    }
    for (const arrow of this.arrows.values()) {
      const state = arrow.times.some((t) => t > before && t <= step)
        ? "flow"
        : arrow.times.length && arrow.times.every((t) => t <= step)
          ? "went"
          : "";
      if (state !== arrow.state) {
        for (const element of arrow.elements) {
          if (arrow.state) element.classList.remove(arrow.state);
          if (state) element.classList.add(state);
        }
        arrow.state = state;
      }
    }
  }

  /** Mark the box that was chosen; it alone is reached with the tab key. */
  choose(id) {
    this.chosen?.classList.remove("chosen");
    this.chosen?.setAttribute("tabindex", "-1");
    this.chosen = this.boxes.get(id)?.element;
    this.chosen?.classList.add("chosen");
    this.chosen?.setAttribute("tabindex", "0");
  }

  /** Mark what a search has found. */
  mark(ids) {
    for (const [id, { element }] of this.boxes) element.classList.toggle("hit", ids.has(id));
  }

  /** Measure all boxes, in units of the picture: at once, so that no step has to. */
  measure() {
    const shift = this.svg.firstElementChild.transform.baseVal.consolidate()?.matrix ?? {
      e: 0,
      f: 0,
    };
    for (const box of this.boxes.values()) {
      const { x, y, width, height } = box.element.getBBox();
      box.frame = { x: x + shift.e, y: y + shift.f, width, height };
    }
  }

  resize(scale) {
    this.scale = Math.min(4, Math.max(0.05, scale));
    this.svg.setAttribute("width", this.width * this.scale);
    this.svg.setAttribute("height", this.height * this.scale);
  }

  /** Return the size at which all is seen, but nothing is larger than life and a half. */
  fitting({ width, height }) {
    const across = (width - 2 * PADDING) / this.width;
    const down = (height - PADDING - BELOW) / this.height;
    return Math.min(across, down, 1.5);
  }

  /** Scroll a box into view, and no further than needed. */
  reveal(id, sheet, view, smoothly) {
    const frame = this.boxes.get(id)?.frame;
    if (!frame) return;
    const left = frame.x * this.scale + PADDING;
    const top = frame.y * this.scale + PADDING;
    const margin = 48;
    const away = (start, length, from, size) =>
      start - margin < from || start + length + margin > from + size;
    if (
      away(left, frame.width * this.scale, view.left, view.width) ||
      away(top, frame.height * this.scale, view.top, view.height)
    ) {
      sheet.scrollTo({
        left: left + (frame.width * this.scale - view.width) / 2,
        top: top + (frame.height * this.scale - view.height) / 2,
        behavior: smoothly ? "smooth" : "instant",
      });
    }
  }
}

const PADDING = 12; // around the graph, as the style sheet has it
const BELOW = 56; // room for the buttons

/** Say how far a box has come: none, part or all of its gradient has arrived, or its rule has run. */
function boxState(items, step) {
  let least = 3;
  let most = 0;
  for (const item of items) {
    const { first, last } = data.items[item].times;
    if (last === Infinity) continue;
    // A parameter inside of a closed module has no rule that could be waited for.
    const own =
      data.items[item].kind === "leaf" && items.length > 1 ? last : data.items[item].times.own;
    const reached = own <= step ? 3 : last <= step ? 2 : first <= step ? 1 : 0;
    least = Math.min(least, reached);
    most = Math.max(most, reached);
  }
  return most === 0 ? "" : ["part", "part", "full", "done"][least];
}
