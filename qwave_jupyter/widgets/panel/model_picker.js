// The choice of a model: searchable, grouped by family, the price beside each.

let count = 0;

function render({ model, el }) {
  const texts = model.get("texts");
  const id = `qwp-models-${++count}`;
  const input = make("input", {
    type: "text", role: "combobox", "aria-label": texts.model, "aria-expanded": "false", "aria-controls": id,
    "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false",
  });
  const price = make("span", { class: "qwp-price", "aria-hidden": "true" });
  const list = make("div", { id, role: "listbox", class: "qwp-list", "aria-label": texts.model });
  list.hidden = true;
  const box = make("div", { class: "qwp-combo" }, input, price, list);
  const root = make("div", { class: "qwp qwp-field" }, make("div", { class: "qwp-head" }, make("span", { class: "qwp-label" }, texts.model)), box);
  el.append(root);
  let at = -1;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const current = () => model.get("models").find((one) => one.id === model.get("value"));
  const settle = () => {
    input.value = model.get("value");
    price.textContent = current()?.price ?? "";
    price.style.display = "";
    // Beside a long id there is no room for a price; it stands above then.
    root.classList.toggle("qwp-long", input.value.length > 20);
    input.title = input.value;
  };
  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    settle();
  };
  const mark = (place) => {
    const all = options();
    all[at]?.classList.remove("qwp-at");
    at = all.length ? (place + all.length) % all.length : -1;
    all[at]?.classList.add("qwp-at");
    all[at]?.scrollIntoView({ block: "nearest" });
    if (all[at]) input.setAttribute("aria-activedescendant", all[at].id);
  };
  const choose = (name) => {
    model.set("value", name);
    sendChange(el, model, { choose: name });
    close();
  };
  const open = (words) => {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const found = model.get("models").filter((one) => wanted.every((word) => one.search.includes(word)));
    list.replaceChildren();
    let family = null;
    for (const one of found) {
      if (one.family !== family) {
        family = one.family;
        list.append(make("div", { class: "qwp-family", role: "presentation" }, family));
      }
      const row = make("div", { role: "option", id: `${id}-${one.id}`, "aria-selected": String(one.id === model.get("value")) },
        make("span", {}, one.id), make("span", { class: "qwp-price" }, one.price));
      row.addEventListener("mousedown", (event) => { event.preventDefault(); choose(one.id); });
      list.append(row);
    }
    if (!found.length) list.append(make("div", { class: "qwp-family" }, texts.no_model_found));
    list.hidden = false;
    price.style.display = "none";
    input.setAttribute("aria-expanded", "true");
    at = -1;
    const sought = words ? words.trim().toLowerCase() : model.get("value");
    mark(Math.max(0, found.findIndex((one) => one.id.toLowerCase() === sought)));
  };
  input.addEventListener("focus", () => { input.select(); });
  input.addEventListener("click", () => { if (list.hidden) open(""); });
  input.addEventListener("input", () => open(input.value));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) open(""); else mark(at + (event.key === "ArrowDown" ? 1 : -1));
      event.preventDefault();
    } else if (event.key === "Enter" && !list.hidden) {
      const row = options()[at];
      if (row) choose(row.id.slice(id.length + 1));
      event.preventDefault();
    } else if (event.key === "Escape" && !list.hidden) {
      close();
      event.stopPropagation();
      event.preventDefault();
    }
  });
  model.on("change:value change:models", settle);
  settle();
  return () => model.off("change:value change:models", settle);
}

export default { render };
