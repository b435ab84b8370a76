// The palette editor. Shares are counted in whole units, so that they sum to 100 exactly at every moment.

function divided(weights, total) {
  // By the largest remainder, each share at least one unit.
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const sound = whole > 0 ? weights : weights.map(() => 1);
  const sum = whole > 0 ? whole : weights.length;
  const wanted = sound.map((weight) => (weight * total) / sum);
  const found = wanted.map((want) => Math.max(1, Math.floor(want + 1e-9)));
  let rest = total - found.reduce((all, one) => all + one, 0);
  const order = found.map((_, place) => place).sort((a, b) => wanted[b] - found[b] - (wanted[a] - found[a]));
  for (let step = 0; rest > 0; step += 1, rest -= 1) found[order[step % order.length]] += 1;
  for (; rest < 0; rest += 1) found[found.indexOf(Math.max(...found))] -= 1;
  return found;
}

function fullHex(text) {
  const digits = (text.trim().match(/^#?([0-9a-f]{3}|[0-9a-f]{6})$/i) || [])[1];
  if (!digits) return null;
  return `#${digits.length === 6 ? digits : [...digits].map((digit) => digit + digit).join("")}`.toUpperCase();
}

function isBright(hex) {
  const [red, green, blue] = [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 150;
}

function freshHue(colours) {
  // Far from the hues that are there: the middle of the widest gap on the wheel.
  const hues = colours.map(({ hex }) => {
    const [r, g, b] = [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16) / 255);
    const spread = Math.max(r, g, b) - Math.min(r, g, b);
    if (!spread) return 0;
    const top = Math.max(r, g, b);
    const sector = top === r ? ((g - b) / spread + 6) % 6 : top === g ? (b - r) / spread + 2 : (r - g) / spread + 4;
    return 60 * sector;
  }).sort((a, b) => a - b);
  const gaps = hues.map((hue, place) => [(hues[place + 1] ?? hues[0] + 360) - hue, hue]);
  const [gap, from] = gaps.reduce((widest, one) => (one[0] > widest[0] ? one : widest));
  const hue = (from + gap / 2) % 360;
  const level = (n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (0.55 - 0.25 * Math.max(-1, Math.min(k - 3, 9 - k, 1)))).toString(16).padStart(2, "0");
  };
  return `#${level(0)}${level(8)}${level(4)}`.toUpperCase();
}

function render({ model, el }) {
  const texts = model.get("texts");
  const decimals = model.get("decimals");
  const unit = 10 ** decimals;
  const total = 100 * unit;
  const [fewest, most] = [model.get("fewest"), model.get("most")];
  const root = openRoot(el, "qwc-palette", said(texts, "palette_label"));

  let colours = [];
  let drag = null;

  const bar = make("div", "qwc-shares");
  const list = make("div", "qwc-colours");
  const adding = button(said(texts, "add_colour"), addOne);
  const equal = button(said(texts, "equal_shares"), () => {
    share(colours.map(() => 1));
    send();
  });
  root.append(
    bar, list,
    make("div", "qwc-bar qwc-below", {}, adding, equal, make("span", "qwc-state", {}, said(texts, "palette_sum"))),
    make("div", "qwc-foot", {}, make("span", "qwc-hint", {}, said(texts, "keys_palette"))),
  );

  const percent = (units) => (units / unit).toFixed(decimals);

  function share(weights) {
    divided(weights, total).forEach((units, place) => {
      colours[place].units = units;
    });
  }

  function send() {
    show();
    model.set("value", colours.map(({ hex, units }) => ({ hex, ratio: units / unit })));
    model.save_changes();
  }

  function build() {
    bar.replaceChildren(...colours.flatMap((_, place) => {
      const part = make("div", "qwc-share", {}, make("span", "", { "aria-hidden": "true" }));
      return place ? [border(place), part] : [part];
    }));
    list.replaceChildren(...colours.map(row));
  }

  function border(place) {
    const one = make("div", "qwc-border", { tabindex: "0", role: "slider", "aria-orientation": "horizontal", "aria-valuemin": "0", "aria-valuemax": "100" });
    one.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      one.focus({ preventScroll: true });
      one.setPointerCapture(event.pointerId);
      drag = { place, x: event.clientX, from: colours[place - 1].units, moved: false };
    });
    one.addEventListener("pointermove", (event) => {
      if (!drag || drag.place !== place) return;
      const room = bar.getBoundingClientRect().width;
      drag.moved = true;
      trade(place, drag.from + Math.round(((event.clientX - drag.x) / room) * total));
      show();
    });
    one.addEventListener("pointerup", () => {
      const { moved } = drag || {};
      drag = null;
      if (moved) send();
    });
    one.addEventListener("pointercancel", () => {
      drag = null;
      load();
    });
    one.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
      if (!step) return;
      event.preventDefault();
      trade(place, colours[place - 1].units + step * unit);
      send();
    });
    return one;
  }

  function trade(place, wanted) {
    // A border belongs to two colours; the others keep what they have.
    const both = colours[place - 1].units + colours[place].units;
    colours[place - 1].units = clamp(wanted, 1, both - 1);
    colours[place].units = both - colours[place - 1].units;
  }

  function row(_, place) {
    const number = place + 1;
    const swatch = make("input", "qwc-swatch", { type: "color", "aria-label": said(texts, "colour_swatch", { number }), onchange: () => paint(place, swatch.value) });
    swatch.addEventListener("input", () => {
      colours[place].hex = swatch.value.toUpperCase();
      show();
    });
    const hex = make("input", "qwc-hex qwc-mono", { type: "text", maxlength: "7", spellcheck: "false", autocomplete: "off", "aria-label": said(texts, "colour_hex", { number }), onchange: () => paint(place, hex.value) });
    hex.addEventListener("input", () => hex.setAttribute("aria-invalid", String(!fullHex(hex.value))));
    const part = make("input", "qwc-percent", { type: "number", min: percent(1), max: "100", step: percent(1), inputmode: "decimal", "aria-label": said(texts, "colour_share", { number }), onchange: () => typed(place, part) });
    const remove = button("✕", () => removeOne(place), { "aria-label": said(texts, "remove_colour", { number }) });
    return make("div", "qwc-colour", {}, swatch, hex, make("span", "qwc-part", {}, part, "%"), remove);
  }

  function paint(place, text) {
    const hex = fullHex(text);
    if (hex) {
      colours[place].hex = hex;
      send();
    }
    show();
  }

  function typed(place, input) {
    const value = input.value === "" ? NaN : Math.round(Number(input.value) * unit);
    if (Number.isFinite(value)) {
      const own = clamp(value, 1, total - colours.length + 1);
      const others = colours.filter((_, at) => at !== place);
      divided(others.map(({ units }) => units), total - own).forEach((units, at) => {
        others[at].units = units;
      });
      colours[place].units = own;
      send();
    }
    show();
  }

  function addOne() {
    if (colours.length >= most) return;
    colours.push({ hex: freshHue(colours), units: 0 });
    share(colours.map(({ units }) => units || total / (colours.length - 1)));
    send();
    list.lastChild.querySelector(".qwc-hex").focus();
  }

  function removeOne(place) {
    if (colours.length <= fewest) return;
    colours.splice(place, 1);
    share(colours.map(({ units }) => units));
    send();
    list.children[Math.min(place, colours.length - 1)].querySelector(".qwc-hex").focus();
  }

  function show() {
    if (list.children.length !== colours.length) build();
    const parts = [...bar.querySelectorAll(".qwc-share")];
    const borders = [...bar.querySelectorAll(".qwc-border")];
    let before = 0;
    colours.forEach(({ hex, units }, place) => {
      const part = parts[place];
      part.style.flexGrow = units;
      part.style.background = hex;
      part.style.color = isBright(hex) ? "#000" : "#fff";
      part.title = `${hex} ${percent(units)} %`;
      part.firstChild.textContent = (100 * units) / total >= 8 ? `${percent(units)} %` : "";
      before += units;
      const edge = borders[place];
      if (edge) {
        const shown = said(texts, "border_value", { share: percent(before) });
        edge.setAttribute("aria-label", said(texts, "border", { shade: hex, other: colours[place + 1].hex }));
        edge.setAttribute("aria-valuenow", percent(before));
        edge.setAttribute("aria-valuetext", shown);
      }
      const [swatch, text, number] = list.children[place].querySelectorAll("input");
      if (swatch.value.toUpperCase() !== hex) swatch.value = hex;
      text.value = hex;
      text.setAttribute("aria-invalid", "false");
      number.value = percent(units);
      list.children[place].querySelector("button").disabled = colours.length <= fewest;
    });
    adding.disabled = colours.length >= most;
  }

  function load() {
    if (drag) return;
    colours = model.get("value").map(({ hex, ratio }) => ({ hex, units: Math.round(ratio * unit) }));
    show();
  }

  load();
  model.on("change:value", load);
  return () => model.off("change:value", load);
}

export default { render };
