// The search: by name, operation, module or line of code.

const search = byId("search");
const found = byId("found");
const MOST_FOUND = 30;
let selected = -1;

function matches(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return [];
  const ranked = [];
  data.items.forEach((item, number) => {
    const words = [item.name, item.op, item.path, item.module, item.line, item.kind];
    const text = words.filter(Boolean).join(" ").toLowerCase();
    if (wanted.every((word) => text.includes(word))) {
      const name = item.name.toLowerCase();
      ranked.push([name === wanted[0] ? 0 : name.startsWith(wanted[0]) ? 1 : 2, number]);
    }
  });
  return ranked.sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, number]) => number);
}

function lookUp() {
  const numbers = matches(search.value);
  picture().mark(new Set(numbers.map((number) => picture().at.get(number))));
  selected = numbers.length ? 0 : -1;
  const lines = numbers.slice(0, MOST_FOUND).map(option);
  const remark = (words) => lines.push(h("li", { class: "muted" }, words));
  if (search.value.trim() && !numbers.length) {
    remark("Nothing has this name, operation, module or line.");
  }
  if (numbers.length > MOST_FOUND) remark(`and ${numbers.length - MOST_FOUND} more`);
  found.replaceChildren(...lines);
  found.hidden = !lines.length;
  search.setAttribute("aria-expanded", String(!found.hidden));
  pick(0);
}

function option(number, place) {
  const item = data.items[number];
  const about = [item.op || item.kind, item.path || item.module, item.line].filter(Boolean);
  const properties = {
    role: "option",
    id: `found-${place}`,
    "data-item": number,
    onpointerdown: (event) => {
      event.preventDefault(); // the search keeps the focus until the item is taken
      take(number);
    },
  };
  return h(
    "li",
    properties,
    h("b", {}, item.name),
    h("span", { class: "muted" }, about.join(" · ")),
  );
}

function pick(change) {
  const options = [...found.querySelectorAll("[role=option]")];
  if (options.length) selected = (selected + change + options.length) % options.length;
  options.forEach((option, i) => option.setAttribute("aria-selected", String(i === selected)));
  options[selected]?.scrollIntoView({ block: "nearest" });
  if (options[selected]) search.setAttribute("aria-activedescendant", options[selected].id);
  else search.removeAttribute("aria-activedescendant");
}

function take(number) {
  stop();
  chooseItem(number);
  closeSearch();
  panel.focus({ preventScroll: true });
}

function closeSearch() {
  found.hidden = true;
  search.setAttribute("aria-expanded", "false");
  search.removeAttribute("aria-activedescendant");
  picture().mark(new Set());
}

search.addEventListener("input", lookUp);
search.addEventListener("focus", () => search.value && lookUp());
search.addEventListener("blur", closeSearch);
search.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp")
    pick(event.key === "ArrowDown" ? 1 : -1);
  else if (event.key === "Enter") {
    const option = found.querySelector('[aria-selected="true"]');
    if (option) take(Number(option.dataset.item));
  } else if (event.key === "Escape") {
    search.value = "";
    closeSearch();
    search.blur();
  } else return;
  event.preventDefault();
});
