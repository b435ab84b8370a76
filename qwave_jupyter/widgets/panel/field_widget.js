// The controls of a panel, drawn from their description. Choices that are impossible stay visible and say why.
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const shown = (value) => (value === undefined || value === null ? "" : String(value));

function later(work, wait) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), wait);
  };
}

function arrows(group) {
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...group.querySelectorAll("button")];
    const next = buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length];
    next.focus();
    event.preventDefault();
  });
}

function choices(field, tell, say) {
  const group = make("div", { class: "qwp-" + field.kind, role: "radiogroup", "aria-label": field.label });
  arrows(group);
  const buttons = field.options.map((option) => {
    const frame = option.width
      ? make("i", { style: `width:${option.width}px;height:${option.height}px`, "aria-hidden": "true" })
      : field.kind === "frames" ? make("i", { class: "qwp-any", "aria-hidden": "true" }) : null;
    const button = make("button", { type: "button", role: "radio" }, frame, option.label);
    const why = () => button.dataset.reason && say(button.dataset.reason);
    button.addEventListener("mouseenter", why);
    button.addEventListener("focus", why);
    for (const gone of ["mouseleave", "blur"]) button.addEventListener(gone, () => say(""));
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") === "true") return why();
      tell(button.getAttribute("aria-checked") === "true" ? null : option.value);
    });
    group.append(button);
    return button;
  });
  const update = (now) => {
    let reachable = -1;
    now.options.forEach((option, place) => {
      const on = same(option.value, now.value);
      const meant = now.value === undefined && same(option.value, now.meant);
      const button = buttons[place];
      button.className = on ? "qwp-on" : meant ? "qwp-meant" : "";
      button.setAttribute("aria-checked", on);
      button.setAttribute("aria-disabled", Boolean(option.reason) && !on);
      button.dataset.reason = option.reason || "";
      button.title = option.reason || (meant ? now.meantWords : "");
      button.tabIndex = -1;
      if (on || (meant && reachable < 0)) reachable = place;
    });
    if (buttons.length) buttons[Math.max(0, reachable)].tabIndex = 0;
  };
  return [group, update];
}

function menu(field, tell) {
  const select = make("select", { "aria-label": field.label });
  select.addEventListener("change", () => tell(select.value === "" ? null : field.options[Number(select.value)].value));
  const update = (now) => {
    const first = make("option", { value: "" }, now.meantWords || "–");
    const rest = now.options.map((option, place) =>
      make("option", { value: place, disabled: Boolean(option.reason), title: option.reason, selected: same(option.value, now.value) }, option.label));
    select.replaceChildren(first, ...rest);
  };
  return [select, update];
}

let lists = 0;

function typed(field, tell) {
  const area = field.kind === "json";
  const input = make(area ? "textarea" : "input", {
    "aria-label": field.label, spellcheck: "false", rows: area ? 2 : null, type: area ? null : "text",
    inputmode: field.kind === "number" ? "numeric" : null,
  });
  const send = later(() => tell(input.value.trim() === "" ? null : input.value), 250);
  input.addEventListener("input", send);
  const offers = make("datalist", { id: `qwp-offers-${++lists}` });
  if (!area) input.setAttribute("list", offers.id);
  const update = (now) => {
    offers.replaceChildren(...(now.offers || []).map((one) => make("option", { value: one })));
    input.placeholder = now.meantWords || now.hint || "";
    if (document.activeElement !== input) input.value = shown(now.value);
  };
  if (!field.random) return [make("div", {}, input, offers), update];
  const dice = make("button", { type: "button", class: "qwp-small" }, field.randomWords);
  dice.addEventListener("click", () => {
    input.value = Math.floor(Math.random() * 2 ** 31);
    tell(input.value);
  });
  return [make("div", { class: "qwp-row" }, input, dice), update];
}

function stepper(field, tell) {
  const input = make("input", { type: "text", inputmode: "numeric", "aria-label": field.label });
  let now = field;
  const go = (by) => {
    const from = Number(input.value || now.meant || now.minimum || 0);
    const to = Math.min(now.maximum ?? Infinity, Math.max(now.minimum ?? -Infinity, from + by));
    input.value = to;
    tell(to);
  };
  const less = make("button", { type: "button", "aria-label": field.lessWords, onclick: () => go(-1) }, "−");
  const more = make("button", { type: "button", "aria-label": field.moreWords, onclick: () => go(1) }, "+");
  input.addEventListener("input", later(() => tell(input.value.trim() === "" ? null : input.value), 250));
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      go(event.key === "ArrowUp" ? 1 : -1);
      event.preventDefault();
    }
  });
  const update = (next) => {
    now = next;
    input.placeholder = shown(next.meant);
    if (document.activeElement !== input) input.value = shown(next.value);
    const value = Number(input.value || next.meant || next.minimum || 0);
    less.disabled = next.minimum !== undefined && value <= next.minimum;
    more.disabled = next.maximum !== undefined && value >= next.maximum;
  };
  return [make("div", { class: "qwp-stepper" }, less, input, more), update];
}

function slider(field, tell) {
  const low = field.minimum ?? 0;
  const range = make("input", { type: "range", min: low, max: field.maximum, step: field.step, "aria-label": field.label });
  const number = make("input", { type: "text", inputmode: "decimal", "aria-label": field.label });
  const send = later(tell, 80);
  range.addEventListener("input", () => { number.value = range.value; send(range.value); });
  number.addEventListener("input", later(() => tell(number.value.trim() === "" ? null : number.value), 250));
  const update = (now) => {
    number.placeholder = shown(now.meant);
    range.className = now.value === undefined ? "qwp-unset" : "";
    if (document.activeElement !== range) range.value = now.value ?? now.meant ?? low;
    if (document.activeElement !== number) number.value = shown(now.value);
  };
  return [make("div", { class: "qwp-slider" }, range, number), update];
}

const BUILDERS = { frames: choices, segments: choices, menu, stepper, slider, number: typed, text: typed, json: typed };

function build(field, model) {
  const why = make("div", { class: "qwp-why", "aria-live": "polite" });
  let steady = "";
  const say = (text) => { why.textContent = text || steady; };
  const tell = (value) => model.send({ set: field.name, value });
  const [control, update] = BUILDERS[field.kind](field, tell, say);
  const reset = make("button", { type: "button", class: "qwp-reset", title: field.resetWords, "aria-label": field.resetWords }, "↺");
  reset.addEventListener("click", () => tell(null));
  const label = make("span", { class: "qwp-label", title: field.hint }, field.label);
  const node = make("div", { class: "qwp-field", "data-field": field.name }, make("div", { class: "qwp-head" }, label, reset), control, why);
  return {
    node,
    update(now) {
      reset.style.visibility = now.value === undefined ? "hidden" : "visible";
      steady = now.why || "";
      say("");
      update(now);
    },
  };
}

function render({ model, el }) {
  const first = make("div");
  const more = make("div");
  const summary = make("summary");
  const details = make("details", { class: "qwp-more" }, summary, more);
  const root = make("div", { class: "qwp" }, first, details);
  el.append(root);
  let built = new Map();

  const draw = () => {
    const say = model.get("words");
    const fields = model.get("fields").map((field) => {
      const meant = field.options.find((option) => same(option.value, field.meant));
      return {
        ...field, resetWords: say.reset, randomWords: say.random, lessWords: say.less, moreWords: say.more,
        meantWords: field.meant === undefined ? "" : say.meant.replace("…", meant ? meant.label : shown(field.meant)),
      };
    });
    const next = new Map();
    for (const field of fields) {
      const shape = JSON.stringify([field.kind, field.label, field.options.map((one) => [one.value, one.label]), field.minimum, field.maximum]);
      const before = built.get(field.name);
      const made = before && before.shape === shape ? before : { ...build(field, model), shape };
      made.update(field);
      next.set(field.name, made);
    }
    const place = (home, wanted) => {
      const nodes = wanted.map((field) => next.get(field.name).node);
      if (nodes.length !== home.children.length || nodes.some((node, index) => home.children[index] !== node)) home.replaceChildren(...nodes);
    };
    const folded = fields.filter((field) => field.advanced);
    place(first, fields.filter((field) => !field.advanced));
    place(more, folded);
    details.style.display = folded.length ? "" : "none";
    const names = folded.map((field) => field.label.toLowerCase());
    summary.textContent = `${say.advanced}: ${names.slice(0, 6).join(", ")}${names.length > 6 ? ", …" : ""}`;
    built = next;
  };
  model.on("change:fields", draw);
  draw();
  model.send({ alive: true });
  return () => model.off("change:fields", draw);
}

export default { render };
