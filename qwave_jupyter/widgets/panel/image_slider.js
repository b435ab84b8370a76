// Two pictures over each other with a slider between them; the arrow keys move it.
function render({ model, el }) {
  const say = model.get("words");
  const root = document.createElement("div");
  root.className = "qwp qwp-compare";
  const stage = document.createElement("div");
  stage.className = "qwp-stage";
  const below = document.createElement("img");
  const above = document.createElement("img");
  const line = document.createElement("i");
  const range = document.createElement("input");
  Object.assign(range, { type: "range", min: 0, max: 100, value: 50 });
  range.setAttribute("aria-label", say.slider);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "qwp-small";
  close.textContent = say.close;
  stage.append(below, above, line, range);
  root.append(stage, close);
  el.append(root);
  const move = () => {
    above.style.clipPath = `inset(0 ${100 - range.value}% 0 0)`;
    line.style.left = `${range.value}%`;
  };
  const draw = () => {
    const [first, second] = model.get("pictures");
    root.style.display = second ? "" : "none";
    if (!second) return;
    Object.assign(above, { src: first.src, alt: first.alt });
    Object.assign(below, { src: second.src, alt: second.alt });
    move();
  };
  range.addEventListener("input", move);
  close.addEventListener("click", () => { model.set("pictures", []); model.save_changes(); });
  model.on("change:pictures", draw);
  draw();
  return () => model.off("change:pictures", draw);
}

export default { render };
