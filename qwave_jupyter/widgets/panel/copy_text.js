// A text to be taken away: selectable, and copied by one button where the browser allows it.
function render({ model, el }) {
  const say = model.get("words");
  const root = document.createElement("div");
  root.className = "qwp qwp-copy";
  const area = document.createElement("textarea");
  area.readOnly = true;
  area.spellcheck = false;
  area.setAttribute("aria-label", say.label);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "qwp-small";
  root.append(area, button);
  el.append(root);
  const draw = () => {
    area.value = model.get("text");
    area.rows = Math.min(12, Math.max(2, area.value.split("\n").length));
    requestAnimationFrame(() => {
      // Long lines wrap, so that only the browser knows how high it has to be.
      area.style.height = "auto";
      if (area.scrollHeight) area.style.height = `${Math.min(280, area.scrollHeight + 2)}px`;
    });
    button.textContent = say.copy;
  };
  button.addEventListener("click", async () => {
    let copied = false;
    try {
      await navigator.clipboard.writeText(area.value);
      copied = true;
    } catch {
      area.select();
      copied = document.execCommand("copy");
    }
    if (!copied) area.select();
    button.textContent = copied ? say.copied : say.press;
    setTimeout(() => { button.textContent = say.copy; }, 1600);
  });
  area.addEventListener("focus", () => area.select());
  model.on("change:text", draw);
  draw();
  return () => model.off("change:text", draw);
}

export default { render };
