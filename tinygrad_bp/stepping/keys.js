// Keys and buttons; and the beginning.

function theme() {
  const dark = !isDark();
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  byId("theme").setAttribute("aria-pressed", String(dark));
  showPanel();
}

const help = byId("help");
const keys = {
  ArrowRight: (event) => move(1, event.shiftKey ? 10 : 1),
  ArrowLeft: (event) => move(-1, event.shiftKey ? 10 : 1),
  Home: () => jump(0),
  End: () => jump(data.steps),
  " ": toggle,
  "/": () => search.focus(),
  "?": () => help.showModal(),
  d: theme,
  "+": () => resize(picture().scale * 1.25),
  "-": () => resize(picture().scale / 1.25),
  0: () => resize(picture().fitting(view)),
  "[": () => openLevel(state.level + 1),
  "]": () => openLevel(state.level - 1),
};

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (target === search || target.tagName === "SELECT") return;
  const pressable = target.closest?.("button, summary, [role=button]");
  if ((event.key === " " || event.key === "Enter") && pressable) {
    const box = target.closest("[data-box]");
    if (box) {
      event.preventDefault();
      chooseBox(box.dataset.box);
      panel.focus({ preventScroll: true });
    }
    return;
  }
  if (Object.hasOwn(keys, event.key)) {
    event.preventDefault();
    keys[event.key](event);
  }
});

const press = (id, action) => byId(id).addEventListener("click", action);
press("first", () => jump(0));
press("back", () => move(-1));
press("play", toggle);
press("on", () => move(1));
press("last", () => jump(data.steps));
press("smaller", () => resize(picture().scale / 1.25));
press("larger", () => resize(picture().scale * 1.25));
press("fit", () => resize(picture().fitting(view)));
press("theme", theme);
press("ask", () => help.showModal());
byId("slider").max = data.steps;
byId("slider").addEventListener("input", (event) => jump(Number(event.target.value)));
byId("level").append(...data.levels.map((level, i) => h("option", { value: i }, level.label)));
byId("level").addEventListener("change", (event) => openLevel(Number(event.target.value)));
byId("levels").hidden = data.levels.length < 2;
byId("theme").setAttribute("aria-pressed", String(isDark()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  byId("theme").setAttribute("aria-pressed", String(isDark()));
  showPanel();
});

// A mouse drags the graph; a finger scrolls it anyway. What was dragged was not clicked.
let dragged = 0;
sheet.addEventListener("pointerdown", (down) => {
  dragged = 0;
  if (down.pointerType !== "mouse" || down.button !== 0) return;
  const { scrollLeft, scrollTop } = sheet;
  const drag = (event) => {
    const across = event.clientX - down.clientX;
    const along = event.clientY - down.clientY;
    dragged = Math.max(dragged, Math.abs(across), Math.abs(along));
    sheet.scrollTo({ left: scrollLeft - across, top: scrollTop - along, behavior: "instant" });
  };
  addEventListener("pointermove", drag);
  addEventListener("pointerup", () => removeEventListener("pointermove", drag), { once: true });
});
sheet.addEventListener("click", (event) => dragged > 5 && event.stopPropagation(), true);
sheet.addEventListener(
  "wheel",
  (event) => {
    if (!event.ctrlKey) return; // two fingers on a trackpad, too
    event.preventDefault();
    resize(picture().scale * Math.exp(-event.deltaY / 300));
  },
  { passive: false },
);

openLevel(data.start);
go(0);
