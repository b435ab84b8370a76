// Earlier prompts: ↑ and ↓ in the prompt walk through this notebook's, and a list has all, to be searched.

let earlierLists = 0;

// `load()` resolves to the newest prompts, `get()` and `set(text)` read and change the prompt, `texts` are the words.
function buildEarlier({ load, get, set, focusPrompt, texts }) {
  const id = `qwp-earlier-${++earlierLists}`;
  const button = make("button", { type: "button", class: "qwp-link", title: texts.earlier_prompts_tip, "aria-expanded": "false", "aria-controls": id }, texts.earlier_prompts);
  const input = make("input", {
    type: "text", role: "combobox", "aria-label": texts.earlier_filter, placeholder: texts.earlier_filter, "aria-expanded": "true",
    "aria-controls": id, "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false",
  });
  const list = make("div", { id, role: "listbox", "aria-label": texts.earlier_prompts });
  const note = make("div", { class: "qwp-why", role: "status" });
  const popup = make("div", { class: "qwp-popup" }, input, list, note);
  popup.hidden = true;
  let found = [];
  let shown = [];
  let at = -1;

  const mark = (place) => {
    const rows = list.children;
    rows[at]?.classList.remove("qwp-at");
    rows[at]?.setAttribute("aria-selected", "false");
    at = rows.length ? (place + rows.length) % rows.length : -1;
    rows[at]?.classList.add("qwp-at");
    rows[at]?.setAttribute("aria-selected", "true");
    rows[at]?.scrollIntoView({ block: "nearest" });
    if (rows[at]) input.setAttribute("aria-activedescendant", rows[at].id);
    else input.removeAttribute("aria-activedescendant");
  };
  const close = () => {
    popup.hidden = true;
    button.setAttribute("aria-expanded", "false");
  };
  const take = (text) => {
    close();
    set(text);
    focusPrompt();
  };
  const draw = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = found.filter(({ text }) => words.every((word) => text.toLowerCase().includes(word)));
    list.replaceChildren(...shown.map(({ text, here }, index) => {
      const row = make("div", { role: "option", id: `${id}-${index}`, "aria-selected": "false", title: text.slice(0, 2000) },
        make("span", { class: "qwp-earlier" }, text.slice(0, 400)), here ? make("span", { class: "qwp-price" }, texts.earlier_here) : null);
      row.addEventListener("mousedown", (event) => { event.preventDefault(); take(text); });
      return row;
    }));
    at = -1;
    mark(0);
    note.textContent = shown.length ? note.dataset.cut : found.length ? texts.earlier_not_found : texts.earlier_none;
  };
  const open = async () => {
    // At once, so that what is typed before the prompts arrive searches them.
    input.value = "";
    popup.hidden = false;
    button.setAttribute("aria-expanded", "true");
    input.focus();
    const { prompts, cut } = await load();
    found = prompts;
    note.dataset.cut = cut ? texts.earlier_cut : "";
    draw();
  };
  button.addEventListener("click", () => { if (popup.hidden) open(); else close(); });
  // The press would take the focus from the field, which closes the list, and the click would open it again.
  button.addEventListener("mousedown", (event) => { if (!popup.hidden) event.preventDefault(); });
  input.addEventListener("input", draw);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") mark(at + (event.key === "ArrowDown" ? 1 : -1));
    else if (event.key === "Enter" && !event.isComposing) { if (shown[at]) take(shown[at].text); }
    else if (event.key === "Escape") {
      close();
      button.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  // The walk: where it is, what stood there before it, and what it has put there last.
  let walk = null;
  const step = (by) => {
    if (walk.steps === null) {
      walk.pending += by;
      return;
    }
    const next = Math.min(walk.steps.length - 1, walk.place + by);
    if (next < -1 || next === walk.place) return;
    walk.place = next;
    walk.text = next < 0 ? walk.draft : walk.steps[next];
    set(walk.text);
    if (next < 0) walk = null;
  };
  const isWalking = () => walk !== null && get() === walk.text;
  const begin = async () => {
    const draft = get();
    const mine = walk = { draft, text: draft, steps: null, place: -1, pending: 1 };
    const { prompts } = await load();
    // Meanwhile something else may have been typed.
    if (walk === mine && get() !== draft) walk = null;
    if (walk !== mine) return;
    walk.steps = prompts.filter(({ text, here }) => here && text !== draft).map(({ text }) => text);
    if (!walk.steps.length) walk = null;
    else step(Math.max(0, walk.pending));
  };
  // Whether the key was one of the walk: the caret has to stand at the very start.
  const onKey = (event, field) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return false;
    if (field.selectionStart !== 0 || field.selectionEnd !== 0) return false;
    if (isWalking()) step(by);
    else if (by > 0) begin();
    else return false;
    return true;
  };
  return { button, popup, onKey };
}
