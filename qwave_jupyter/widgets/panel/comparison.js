// Images side by side; two of them also over each other with a slider between them, which the arrow keys move.

function render({ model, el }) {
  const texts = model.get("texts");
  const below = make("img");
  const above = make("img");
  const line = make("i");
  const range = make("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": texts.compare_slider });
  const stage = make("div", { class: "qwp-stage" }, below, above, line, range);
  const beside = make("div", { class: "qwp-beside", role: "list" });
  const mode = make("button", { type: "button", class: "qwp-small" });
  const close = make("button", { type: "button", class: "qwp-small" }, texts.close);
  const root = make("div", { class: "qwp qwp-compare", "data-lm-suppress-shortcuts": "true" }, stage, beside, make("div", { class: "qwp-row" }, mode, close));
  let slides = true;
  el.append(root);
  root.addEventListener("keydown", (event) => event.stopPropagation());
  const move = () => {
    above.style.clipPath = `inset(0 ${100 - range.value}% 0 0)`;
    line.style.left = `${range.value}%`;
  };
  const draw = () => {
    const images = model.get("images");
    const [first, second] = images;
    root.style.display = second ? "" : "none";
    if (!second) {
      beside.replaceChildren();
      return;
    }
    const overlaid = slides && images.length === 2;
    stage.style.display = overlaid ? "" : "none";
    beside.style.display = overlaid ? "none" : "";
    mode.style.display = images.length === 2 ? "" : "none";
    mode.textContent = slides ? texts.side_by_side : texts.slider;
    if (overlaid) {
      Object.assign(above, { src: first.src, alt: first.alt });
      Object.assign(below, { src: second.src, alt: second.alt });
      move();
    }
    beside.replaceChildren(...(overlaid ? [] : images.map(({ src, alt, caption }) =>
      make("div", { role: "listitem" }, make("figure", {}, make("img", { src, alt }), make("figcaption", {}, caption))))));
  };
  range.addEventListener("input", move);
  mode.addEventListener("click", () => { slides = !slides; draw(); });
  close.addEventListener("click", () => { model.set("images", []); model.save_changes(); });
  model.on("change:images", draw);
  draw();
  return () => model.off("change:images", draw);
}

export default { render };
