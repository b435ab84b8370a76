// Reference images as an ordered strip of thumbnails: added by address, path, variable, upload or earlier result.

function render({ model, el }) {
  const texts = model.get("texts");
  const list = make("ol", { class: "qwp-thumbs", "aria-label": texts.label });
  const note = make("div", { class: "qwp-refused", role: "status" });
  const hint = make("span", { class: "qwp-hint" });
  const text = make("input", { type: "text", "aria-label": texts.add_label, placeholder: texts.placeholder, spellcheck: "false" });
  const add = make("button", { type: "button", class: "qwp-small" }, texts.add);
  const file = make("input", { type: "file", accept: "image/*", multiple: !model.get("single"), "aria-label": texts.upload, tabindex: "-1" });
  const upload = make("button", { type: "button", class: "qwp-small", title: texts.upload_tip }, texts.upload);
  const earlier = make("select", { "aria-label": texts.earlier });
  const row = make("div", { class: "qwp-row" }, text, add, upload, earlier, file);
  const root = make("div", { class: "qwp qwp-field" }, make("div", { class: "qwp-head" }, make("span", { class: "qwp-label" }, texts.label), hint), list, row, note);
  file.style.display = "none";
  el.append(root);

  const sendFiles = receiveImages(root, model, "qwp-drop");
  const hideNotes = showNotes(note, model, "qwp-wrong");
  const send = () => {
    if (!text.value.trim()) return;
    sendChange(root, model, { add: text.value });
    text.value = "";
  };
  add.addEventListener("click", send);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { send(); event.preventDefault(); }
    event.stopPropagation();
  });
  upload.addEventListener("click", () => file.click());
  file.addEventListener("change", () => { sendFiles([...file.files]); file.value = ""; });
  earlier.addEventListener("change", () => { if (earlier.value !== "") sendChange(root, model, { earlier: Number(earlier.value) }); earlier.value = ""; });

  const draw = () => {
    const items = model.get("items");
    list.replaceChildren(...items.map((item, index) => {
      const thumb = make("div", { class: "qwp-thumb" });
      if (item.thumb) {
        const image = make("img", { alt: item.label, referrerpolicy: "no-referrer", draggable: "false" });
        image.addEventListener("error", () => image.replaceWith(make("span", { "aria-hidden": "true" }, "URL")));
        image.src = item.thumb;
        thumb.append(image);
      } else thumb.append(make("span", { "aria-hidden": "true" }, item.wrong ? "!" : "–"));
      const button = (symbol, title, message, disabled) => {
        const node = make("button", { type: "button", title, "aria-label": `${title}: ${item.label}`, disabled }, symbol);
        node.addEventListener("click", () => sendChange(root, model, message));
        return node;
      };
      const tools = make("div", { class: "qwp-tools" });
      if (items.length > 1) tools.append(button("‹", texts.earlier_place, { move: index, by: -1 }, index === 0), button("›", texts.later_place, { move: index, by: 1 }, index === items.length - 1));
      tools.append(button("×", texts.remove, { remove: index }));
      return make("li", { class: item.wrong ? "qwp-bad" : item.unused ? "qwp-unused" : "", title: item.wrong || item.label }, thumb,
        make("div", { class: "qwp-caption" }, item.label), tools);
    }));
    hint.textContent = model.get("hint");
    const choices = model.get("earlier");
    earlier.replaceChildren(make("option", { value: "" }, texts.earlier), ...choices.map((label, index) => make("option", { value: index }, label)));
    earlier.style.display = choices.length ? "" : "none";
    row.style.display = model.get("full") ? "none" : "";
    root.style.display = model.get("hidden") ? "none" : "";
  };
  const events = "change:items change:hint change:earlier change:full change:hidden";
  model.on(events, draw);
  draw();
  return () => {
    model.off(events, draw);
    hideNotes();
  };
}

export default { render };
