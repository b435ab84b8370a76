// The controls of a panel, drawn from their description. Choices that are impossible stay visible, with the reason.

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const format = (value) => (value === undefined || value === null ? "" : String(value));

function sendTyped(input, setValue, milliseconds = 250) {
  const typed = watchTyped(input, (text) => setValue(text.trim() === "" ? null : text), milliseconds);
  // A value that is set otherwise is newer than what was typed.
  return (value) => {
    typed.drop();
    setValue(value);
  };
}

function moveFocusByArrows(group) {
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...group.querySelectorAll("button")];
    const next = buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length];
    next.focus();
    event.preventDefault();
  });
}

function choices(field, setValue, showReason) {
  const group = make("div", { class: "qwp-" + field.kind, role: "radiogroup", "aria-label": field.label });
  moveFocusByArrows(group);
  const buttons = field.options.map((option) => {
    const frame = option.width
      ? make("i", { style: `width:${option.width}px;height:${option.height}px`, "aria-hidden": "true" })
      : field.kind === "frames" ? make("i", { class: "qwp-any", "aria-hidden": "true" }) : null;
    const button = make("button", { type: "button", role: "radio" }, frame, option.label);
    const explain = () => button.dataset.reason && showReason(button.dataset.reason);
    button.addEventListener("mouseenter", explain);
    button.addEventListener("focus", explain);
    for (const name of ["mouseleave", "blur"]) button.addEventListener(name, () => showReason(""));
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") === "true") return explain();
      setValue(button.getAttribute("aria-checked") === "true" ? null : option.value);
    });
    group.append(button);
    return button;
  });
  const update = (now) => {
    let tabStop = -1;
    now.options.forEach((option, index) => {
      const on = same(option.value, now.value);
      const isDefault = now.value === undefined && same(option.value, now.default);
      const button = buttons[index];
      button.className = on ? "qwp-on" : isDefault ? "qwp-meant" : "";
      button.setAttribute("aria-checked", on);
      button.setAttribute("aria-disabled", Boolean(option.reason) && !on);
      button.dataset.reason = option.reason || "";
      button.title = option.reason || (isDefault ? now.defaultText : "");
      button.tabIndex = -1;
      if (on || (isDefault && tabStop < 0)) tabStop = index;
    });
    if (buttons.length) buttons[Math.max(0, tabStop)].tabIndex = 0;
  };
  return [group, update];
}

function menu(field, setValue) {
  const select = make("select", { "aria-label": field.label });
  select.addEventListener("change", () => setValue(select.value === "" ? null : field.options[Number(select.value)].value));
  const update = (now) => {
    const first = make("option", { value: "" }, now.defaultText || "–");
    const rest = now.options.map((option, index) =>
      make("option", { value: index, disabled: Boolean(option.reason), title: option.reason, selected: same(option.value, now.value) }, option.label));
    select.replaceChildren(first, ...rest);
  };
  return [select, update];
}

let lists = 0;

function typed(field, setValue) {
  const area = field.kind === "json";
  const input = make(area ? "textarea" : "input", {
    "aria-label": field.label, spellcheck: "false", rows: area ? 2 : null, type: area ? null : "text",
    inputmode: field.kind === "number" ? "numeric" : null,
  });
  const sendNow = sendTyped(input, setValue);
  const offers = make("datalist", { id: `qwp-offers-${++lists}` });
  if (!area) input.setAttribute("list", offers.id);
  const update = (now) => {
    offers.replaceChildren(...(now.offers || []).map((one) => make("option", { value: one })));
    input.placeholder = now.defaultText || now.hint || "";
    if (document.activeElement !== input) input.value = format(now.value);
  };
  if (!field.random) return [make("div", {}, input, offers), update];
  const dice = make("button", { type: "button", class: "qwp-small" }, field.texts.random);
  dice.addEventListener("click", () => {
    input.value = Math.floor(Math.random() * 2 ** 31);
    sendNow(input.value);
  });
  return [make("div", { class: "qwp-row" }, input, dice), update];
}

function stepper(field, setValue) {
  const input = make("input", { type: "text", inputmode: "numeric", "aria-label": field.label });
  let now = field;
  const step = (by) => {
    const from = Number(input.value || now.default || now.minimum || 0);
    const to = Math.min(now.maximum ?? Infinity, Math.max(now.minimum ?? -Infinity, from + by));
    input.value = to;
    sendNow(to);
  };
  const sendNow = sendTyped(input, setValue);
  const less = make("button", { type: "button", "aria-label": field.texts.less, onclick: () => step(-1) }, "−");
  const more = make("button", { type: "button", "aria-label": field.texts.more, onclick: () => step(1) }, "+");
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      step(event.key === "ArrowUp" ? 1 : -1);
      event.preventDefault();
    }
  });
  const update = (next) => {
    now = next;
    input.placeholder = format(next.default);
    if (document.activeElement !== input) input.value = format(next.value);
    const value = Number(input.value || next.default || next.minimum || 0);
    less.disabled = next.minimum !== undefined && value <= next.minimum;
    more.disabled = next.maximum !== undefined && value >= next.maximum;
  };
  return [make("div", { class: "qwp-stepper" }, less, input, more), update];
}

function slider(field, setValue) {
  const low = field.minimum ?? 0;
  const range = make("input", { type: "range", min: low, max: field.maximum, step: field.step, "aria-label": field.label });
  const number = make("input", { type: "text", inputmode: "decimal", "aria-label": field.label });
  sendTyped(range, setValue, 80);
  range.addEventListener("input", () => { number.value = range.value; });
  sendTyped(number, setValue);
  const update = (now) => {
    number.placeholder = format(now.default);
    range.className = now.value === undefined ? "qwp-unset" : "";
    if (document.activeElement !== range) range.value = now.value ?? now.default ?? low;
    if (document.activeElement !== number) number.value = format(now.value);
  };
  return [make("div", { class: "qwp-slider" }, range, number), update];
}

const BUILDERS = { frames: choices, segments: choices, menu, stepper, slider, number: typed, text: typed, json: typed };

function build(field, sendValue) {
  const reason = make("div", { class: "qwp-why", "aria-live": "polite" });
  let usualReason = "";
  const showReason = (text) => { reason.textContent = text || usualReason; };
  const setValue = (value) => sendValue(field.name, value);
  const [control, update] = BUILDERS[field.kind](field, setValue, showReason);
  const reset = make("button", { type: "button", class: "qwp-reset", title: field.texts.reset, "aria-label": field.texts.reset }, "↺");
  reset.addEventListener("click", () => setValue(null));
  const label = make("span", { class: "qwp-label", title: field.hint }, field.label);
  const node = make("div", { class: "qwp-field", "data-field": field.name }, make("div", { class: "qwp-head" }, label, reset), control, reason);
  return {
    node,
    update(now) {
      reset.style.visibility = now.value === undefined ? "hidden" : "visible";
      usualReason = now.reason || "";
      showReason("");
      update(now);
    },
  };
}

function render({ model, el }) {
  const first = make("div");
  const more = make("div");
  const summary = make("summary");
  const details = make("details", { class: "qwp-more" }, summary, more);
  const notes = make("div", { class: "qwp-notes", role: "status" });
  const root = make("div", { class: "qwp" }, notes, first, details);
  el.append(root);
  const sendValue = (name, value) => sendChange(el, model, { set: name, value });
  let built = new Map();

  const drawNotes = () => {
    const texts = model.get("notes");
    notes.replaceChildren(...texts.map((text) => make("div", {}, text)));
    notes.style.display = texts.length ? "" : "none";
  };
  const draw = () => {
    const texts = model.get("texts");
    const fields = model.get("fields").map((field) => {
      const option = field.options.find((one) => same(one.value, field.default));
      const label = option ? option.label : format(field.default);
      return { ...field, texts, defaultText: field.default === undefined ? "" : texts.meant.replace("…", label) };
    });
    const next = new Map();
    for (const field of fields) {
      const shape = JSON.stringify([field.kind, field.label, field.options.map((one) => [one.value, one.label]), field.minimum, field.maximum]);
      const before = built.get(field.name);
      const made = before && before.shape === shape ? before : { ...build(field, sendValue), shape };
      made.update(field);
      next.set(field.name, made);
    }
    const arrange = (parent, wanted) => {
      const nodes = wanted.map((field) => next.get(field.name).node);
      if (nodes.length !== parent.children.length || nodes.some((node, index) => parent.children[index] !== node)) parent.replaceChildren(...nodes);
    };
    const folded = fields.filter((field) => field.advanced);
    arrange(first, fields.filter((field) => !field.advanced));
    arrange(more, folded);
    details.style.display = folded.length ? "" : "none";
    const names = folded.map((field) => field.label.toLowerCase());
    summary.textContent = `${texts.advanced}: ${names.slice(0, 6).join(", ")}${names.length > 6 ? ", …" : ""}`;
    built = next;
  };
  model.on("change:fields", draw);
  model.on("change:notes", drawNotes);
  draw();
  drawNotes();
  model.send({ alive: true });
  return () => {
    model.off("change:fields", draw);
    model.off("change:notes", drawNotes);
  };
}

export default { render };
