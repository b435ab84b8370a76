// A text to be taken away: selectable, and copied by one button where the browser allows it.

function render({ model, el }) {
  const texts = model.get("texts");
  const area = make("textarea", { readonly: true, spellcheck: "false", "aria-label": texts.copy_label });
  const button = make("button", { type: "button", class: "qwp-small" });
  el.append(make("div", { class: "qwp qwp-copy" }, area, button));
  const draw = () => {
    area.value = model.get("text");
    area.rows = Math.min(12, Math.max(2, area.value.split("\n").length));
    requestAnimationFrame(() => {
      // Long lines wrap, so that only the browser knows how high it has to be.
      area.style.height = "auto";
      if (area.scrollHeight) area.style.height = `${Math.min(280, area.scrollHeight + 2)}px`;
    });
    button.textContent = texts.copy;
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
    button.textContent = copied ? texts.copied : texts.press_copy;
    setTimeout(() => { button.textContent = texts.copy; }, 1600);
  });
  area.addEventListener("focus", () => area.select());
  model.on("change:text", draw);
  draw();
  return () => model.off("change:text", draw);
}

export default { render };
