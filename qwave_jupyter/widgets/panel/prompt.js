// What stands beside the prompt; and its text, sent at once: ipywidgets holds changes of a value back while the kernel is busy.

const TYPED = "textarea, [contenteditable=true], input:not([type=range]):not([type=color]):not([type=checkbox]):not([type=radio]):not([type=button]):not([type=file])";

function render({ model, el }) {
  keepKeys();
  const texts = model.get("texts");
  const keys = model.get("shortcuts");
  // A page may hold several panels.
  const panel = () => el.closest(".qwp-panel");
  const field = () => panel()?.querySelector(".qwp-prompt textarea");
  const isSending = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  let prompt = null;

  const waiting = [];
  const load = () => new Promise((resolve) => {
    if (waiting.push(resolve) === 1) model.send({ earlier: true });
  });
  const receive = (message) => { if (message.prompts) waiting.splice(0).forEach((resolve) => resolve(message)); };
  const setPrompt = (text) => {
    // Both: what ipywidgets holds back would come later, and be the older text.
    prompt?.set("value", text);
    prompt?.save_changes();
    sendChange(el, model, { prompt: text });
    const area = field();
    if (!area) return;
    area.value = text;
    area.setSelectionRange(0, 0);
    area.scrollTop = 0;
  };
  const focusPrompt = () => field()?.focus();
  const press = (content) => model.send({ ...content, before: panel().qwaveChanges ?? [] });
  const generate = () => {
    sendNegative();
    press({ generate: field().value });
  };
  const earlier = buildEarlier({ load, get: () => field()?.value ?? "", set: setPrompt, focusPrompt, texts });

  const drawLength = (node, text, most) => {
    // As Python counts: whole characters, not halves of them.
    const count = [...text].length;
    const words = most === null ? (count === 1 ? texts.character : texts.characters) : texts.characters_of;
    node.textContent = words.replace("{count}", count).replace("{most}", most);
    node.classList.toggle("qwp-over", most !== null && count > most);
  };
  const length = make("span", { class: "qwp-length" });
  const drawPrompt = () => drawLength(length, prompt?.get("value") ?? "", model.get("maximum"));
  const openKeys = () => openShortcuts(keys);
  const help = make("button", { type: "button", class: "qwp-link qwp-help", title: keys.button, "aria-label": keys.button, onclick: openKeys }, "?");

  // The negative prompt: a field beside the prompt, where the model has one.
  const area = make("textarea", { rows: 2, spellcheck: "false" });
  const label = make("label", { class: "qwp-label" });
  const size = make("span", { class: "qwp-hint" });
  const negative = make("div", { class: "qwp-field qwp-negative" }, make("div", { class: "qwp-head" }, label, size), area);
  area.id = `${earlier.popup.querySelector("[role=listbox]").id}-negative`;
  label.htmlFor = area.id;
  const { flush: sendNegative } = watchTyped(area, (text) => sendChange(el, model, { negative: text }));
  const drawSize = () => {
    const { maximum = null } = model.get("negative");
    size.textContent = "";
    if (maximum !== null) drawLength(size, area.value, maximum);
  };
  area.addEventListener("input", drawSize);
  const drawNegative = () => {
    const now = model.get("negative");
    const shown = Boolean(now.name);
    negative.style.display = shown ? "" : "none";
    if (!shown) return;
    label.textContent = now.label;
    label.title = now.hint;
    if (document.activeElement !== area) area.value = now.value;
    drawSize();
  };

  el.append(make("div", { class: "qwp" }, make("div", { class: "qwp-bar" }, earlier.button, help, length), earlier.popup, negative));

  const isIn = (event, node) => {
    const target = event.composedPath()[0];
    return target instanceof Element && target === node ? target : null;
  };
  // Before the event reaches whatever it changes or presses; an editor's own keys and clicks go on drawing.
  const sendDrawn = (event) => {
    const here = panel();
    const target = event.composedPath()[0];
    if (!here?.qwaveDrawn?.size || !(target instanceof Element) || !here.contains(target)) return;
    if (target.closest(".qwc") && !["paste", "drop"].includes(event.type)) return;
    for (const [node, drawn] of here.qwaveDrawn) {
      const control = node.closest("[class*=qwp-sent-]");
      if (control) sendChange(el, model, { sent: getNumber(control), value: drawn.get("value") });
    }
    here.qwaveDrawn.clear();
  };
  const onKey = (event) => {
    // 229 is what Safari sends for the key that ends a composition.
    if (event.isComposing || event.keyCode === 229) return;
    const target = isIn(event, field());
    if (isSending(event) && (target || isIn(event, area))) {
      event.preventDefault();
      // A key held down is one press.
      if (event.repeat || !field()) return;
      generate();
    } else if (target) {
      if (earlier.onKey(event, target)) event.preventDefault();
    } else if (event.key === "?" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const found = event.composedPath()[0];
      const isHere = found instanceof Element && (panel()?.contains(found) || found.closest(".qwl"));
      if (!isHere || found.matches(TYPED)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      openKeys();
    }
  };
  // It comes when a field is left, so before whatever a button sends; so do the values of ipywidgets' other controls.
  const onChange = (event) => {
    const target = isIn(event, field());
    if (target) sendChange(el, model, { prompt: target.value });
    else sendValue(event, (input) => (input.tagName === "SELECT" ? input.selectedIndex : input.type === "checkbox" ? input.checked : input.value));
  };
  const onClick = (event) => {
    const pressed = event.composedPath()[0]?.closest?.("button.qwp-generate");
    if (pressed && field() && panel().contains(pressed)) {
      event.stopImmediatePropagation();
      generate();
      return;
    }
    const numbered = event.composedPath()[0]?.closest?.("button.widget-button[class*=qwp-sent-]");
    if (numbered && panel()?.contains(numbered)) {
      event.stopImmediatePropagation();
      press({ press: getNumber(numbered) });
      return;
    }
    sendValue(event, (target, control) => {
      const button = target.closest("button");
      if (!button) return undefined;
      if (button === control) return !button.classList.contains("mod-active");
      return control.matches(".widget-toggle-buttons") ? [...control.querySelectorAll("button")].indexOf(button) : undefined;
    });
  };
  const getNumber = (control) => control.className.match(/qwp-sent-(\w+)/)[1];
  const sendValue = (event, read) => {
    const target = event.composedPath()[0];
    // What an editor's own fields change is part of its drawing.
    const control = target instanceof Element && !target.closest(".qwc") ? target.closest("[class*=qwp-sent-]") : null;
    if (!control || !panel()?.contains(control)) return;
    const value = read(target, control);
    if (value !== undefined) sendChange(el, model, { sent: getNumber(control), value });
  };
  const listeners = { keydown: onKey, change: onChange, click: onClick };
  const before = [...Object.keys(listeners), "paste", "drop"];
  for (const name of before) window.addEventListener(name, sendDrawn, true);
  for (const [name, listener] of Object.entries(listeners)) window.addEventListener(name, listener, true);
  model.on("change:maximum", drawPrompt);
  model.on("change:negative", drawNegative);
  model.on("msg:custom", receive);
  drawNegative();
  model.widget_manager.get_model(model.get("field_id")).then((found) => {
    prompt = found;
    prompt.on("change:value", drawPrompt);
    drawPrompt();
  }, () => { length.textContent = ""; });
  return () => {
    prompt?.off("change:value", drawPrompt);
    for (const name of before) window.removeEventListener(name, sendDrawn, true);
    for (const [name, listener] of Object.entries(listeners)) window.removeEventListener(name, listener, true);
    model.off("change:maximum", drawPrompt);
    model.off("change:negative", drawNegative);
    model.off("msg:custom", receive);
  };
}

export default { render };
