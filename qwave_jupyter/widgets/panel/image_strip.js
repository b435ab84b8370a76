// Reference pictures as an ordered strip of thumbnails: added by address, path, variable, upload or earlier result.
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  node.append(...children);
  return node;
};

function render({ model, el }) {
  const say = model.get("words");
  const list = make("ol", { class: "qwp-thumbs", "aria-label": say.label });
  const note = make("div", { class: "qwp-why", "aria-live": "polite" });
  const hint = make("span", { class: "qwp-hint" });
  const text = make("input", { type: "text", "aria-label": say.add_label, placeholder: say.placeholder, spellcheck: "false" });
  const add = make("button", { type: "button", class: "qwp-small" }, say.add);
  const file = make("input", { type: "file", accept: "image/*", multiple: !model.get("single"), "aria-label": say.upload, tabindex: "-1" });
  const upload = make("button", { type: "button", class: "qwp-small" }, say.upload);
  const earlier = make("select", { "aria-label": say.earlier });
  const row = make("div", { class: "qwp-row" }, text, add, upload, earlier, file);
  const root = make("div", { class: "qwp qwp-field" }, make("div", { class: "qwp-head" }, make("span", { class: "qwp-label" }, say.label), hint), list, row, note);
  file.style.display = "none";
  el.append(root);

  const heavy = [];
  const take = async (files) => {
    heavy.length = 0;
    for (const one of files) {
      if (one.size > model.get("most_bytes")) heavy.push(one.name);
      else model.send({ upload: one.name }, undefined, [await one.arrayBuffer()]);
    }
    if (heavy.length) note.textContent = say.too_heavy.replace("…", heavy.join(", "));
  };
  const send = () => {
    if (!text.value.trim()) return;
    model.send({ add: text.value });
    text.value = "";
  };
  add.addEventListener("click", send);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { send(); event.preventDefault(); }
    event.stopPropagation();
  });
  upload.addEventListener("click", () => file.click());
  file.addEventListener("change", () => { take([...file.files]); file.value = ""; });
  root.addEventListener("dragover", (event) => { if (event.dataTransfer.types.includes("Files")) { event.preventDefault(); root.classList.add("qwp-drop"); } });
  root.addEventListener("dragleave", () => root.classList.remove("qwp-drop"));
  root.addEventListener("drop", (event) => {
    root.classList.remove("qwp-drop");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    take([...event.dataTransfer.files]);
  });
  earlier.addEventListener("change", () => { if (earlier.value !== "") model.send({ earlier: Number(earlier.value) }); earlier.value = ""; });

  const draw = () => {
    const items = model.get("items");
    list.replaceChildren(...items.map((item, place) => {
      const picture = make("div", { class: "qwp-thumb" });
      if (item.thumb) {
        const image = make("img", { alt: item.label, referrerpolicy: "no-referrer" });
        image.addEventListener("error", () => image.replaceWith(make("span", { "aria-hidden": "true" }, "URL")));
        image.src = item.thumb;
        picture.append(image);
      } else picture.append(make("span", { "aria-hidden": "true" }, item.wrong ? "!" : "–"));
      const button = (sign, words, message, disabled) => {
        const one = make("button", { type: "button", title: words, "aria-label": `${words}: ${item.label}`, disabled }, sign);
        one.addEventListener("click", () => model.send(message));
        return one;
      };
      const tools = make("div", { class: "qwp-tools" });
      if (items.length > 1) tools.append(button("‹", say.earlier_place, { move: place, by: -1 }, place === 0), button("›", say.later_place, { move: place, by: 1 }, place === items.length - 1));
      tools.append(button("×", say.remove, { remove: place }));
      return make("li", { class: item.wrong ? "qwp-bad" : item.unused ? "qwp-unused" : "", title: item.wrong || item.label }, picture,
        make("div", { class: "qwp-caption" }, item.label), tools);
    }));
    hint.textContent = model.get("hint");
    note.textContent = model.get("note");
    const choices = model.get("earlier");
    earlier.replaceChildren(make("option", { value: "" }, say.earlier), ...choices.map((one, place) => make("option", { value: place }, one)));
    earlier.style.display = choices.length ? "" : "none";
    row.style.display = model.get("full") ? "none" : "";
  };
  const events = "change:items change:hint change:note change:earlier change:full";
  model.on(events, draw);
  draw();
  return () => model.off(events, draw);
}

export default { render };
