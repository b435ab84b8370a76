// The palette editor. Shares are counted in whole units, so that they sum to 100 exactly at every moment.

function divide(weights, total) {
  // By the largest remainder, each share at least one unit.
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const sound = whole > 0 ? weights : weights.map(() => 1);
  const sum = whole > 0 ? whole : weights.length;
  const wanted = sound.map((weight) => (weight * total) / sum);
  const shares = wanted.map((share) => Math.max(1, Math.floor(share + 1e-9)));
  let rest = total - shares.reduce((all, one) => all + one, 0);
  const order = shares.map((_, index) => index).sort((a, b) => wanted[b] - shares[b] - (wanted[a] - shares[a]));
  for (let step = 0; rest > 0; step += 1, rest -= 1) shares[order[step % order.length]] += 1;
  for (; rest < 0; rest += 1) shares[shares.indexOf(Math.max(...shares))] -= 1;
  return shares;
}

function fullHex(text) {
  const digits = (text.trim().match(/^#?([0-9a-f]{3}|[0-9a-f]{6})$/i) || [])[1];
  if (!digits) return null;
  return `#${digits.length === 6 ? digits : [...digits].map((digit) => digit + digit).join("")}`.toUpperCase();
}

function isBright(hex) {
  const [red, green, blue] = [1, 3, 5].map((index) => parseInt(hex.slice(index, index + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 150;
}

function freshHue(colours) {
  // Far from the hues that are there: the middle of the widest gap on the wheel.
  const hues = colours.map(({ hex }) => {
    const [r, g, b] = [1, 3, 5].map((index) => parseInt(hex.slice(index, index + 2), 16) / 255);
    const spread = Math.max(r, g, b) - Math.min(r, g, b);
    if (!spread) return 0;
    const top = Math.max(r, g, b);
    const sector = top === r ? ((g - b) / spread + 6) % 6 : top === g ? (b - r) / spread + 2 : (r - g) / spread + 4;
    return 60 * sector;
  }).sort((a, b) => a - b);
  const gaps = hues.map((hue, index) => [(hues[index + 1] ?? hues[0] + 360) - hue, hue]);
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
  const root = openRoot(el, "qwc-palette", formatText(texts, "palette_label"));

  let colours = [];
  let drag = null;

  const bar = make("div", "qwc-shares");
  const list = make("div", "qwc-colours");
  const addButton = button(formatText(texts, "add_colour"), addColour);
  const equalButton = button(formatText(texts, "equal_shares"), () => {
    shareOut(colours.map(() => 1));
    send();
  });
  root.append(
    bar, list,
    make("div", "qwc-bar qwc-below", {}, addButton, equalButton, make("span", "qwc-state", {}, formatText(texts, "palette_sum"))),
    make("div", "qwc-foot", {}, make("span", "qwc-hint", {}, formatText(texts, "palette_help")), buildShortcuts(model, root)),
  );

  const percent = (units) => (units / unit).toFixed(decimals);

  function shareOut(weights) {
    divide(weights, total).forEach((units, index) => {
      colours[index].units = units;
    });
  }

  function send() {
    show();
    saveValue(root, model, colours.map(({ hex, units }) => ({ hex, ratio: units / unit })));
  }

  function buildBars() {
    bar.replaceChildren(...colours.flatMap((_, index) => {
      const part = make("div", "qwc-share", {}, make("span", "", { "aria-hidden": "true" }));
      return index ? [buildBorder(index), part] : [part];
    }));
    list.replaceChildren(...colours.map(buildRow));
  }

  function buildBorder(index) {
    const handle = make("div", "qwc-border", { tabindex: "0", role: "slider", "aria-orientation": "horizontal", "aria-valuemin": "0", "aria-valuemax": "100" });
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      handle.focus({ preventScroll: true });
      handle.setPointerCapture(event.pointerId);
      drag = { index, x: event.clientX, from: colours[index - 1].units, moved: false };
    });
    handle.addEventListener("pointermove", (event) => {
      if (!drag || drag.index !== index) return;
      const room = bar.getBoundingClientRect().width;
      drag.moved = true;
      moveBorder(index, drag.from + Math.round(((event.clientX - drag.x) / room) * total));
      show();
    });
    handle.addEventListener("pointerup", () => {
      const { moved } = drag || {};
      drag = null;
      if (moved) send();
    });
    handle.addEventListener("pointercancel", () => {
      drag = null;
      load();
    });
    handle.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
      if (!step) return;
      event.preventDefault();
      moveBorder(index, colours[index - 1].units + step * unit);
      send();
    });
    return handle;
  }

  function moveBorder(index, wanted) {
    // A border belongs to two colours; the others keep what they have.
    const both = colours[index - 1].units + colours[index].units;
    colours[index - 1].units = clamp(wanted, 1, both - 1);
    colours[index].units = both - colours[index - 1].units;
  }

  function buildRow(_, index) {
    const number = index + 1;
    const swatch = make("input", "qwc-swatch", { type: "color", "aria-label": formatText(texts, "colour_swatch", { number }), onchange: () => setColour(index, swatch.value) });
    swatch.addEventListener("input", () => {
      colours[index].hex = swatch.value.toUpperCase();
      show();
    });
    const hex = make("input", "qwc-hex qwc-mono", { type: "text", maxlength: "7", spellcheck: "false", autocomplete: "off", "aria-label": formatText(texts, "colour_hex", { number }), onchange: () => setColour(index, hex.value) });
    hex.addEventListener("input", () => hex.setAttribute("aria-invalid", String(!fullHex(hex.value))));
    const part = make("input", "qwc-percent", { type: "number", min: percent(1), max: "100", step: percent(1), inputmode: "decimal", "aria-label": formatText(texts, "colour_share", { number }), onchange: () => setShare(index, part) });
    const remove = button("✕", () => removeColour(index), { "aria-label": formatText(texts, "remove_colour", { number }) });
    return make("div", "qwc-colour", {}, swatch, hex, make("span", "qwc-part", {}, part, "%"), remove);
  }

  function setColour(index, text) {
    const hex = fullHex(text);
    if (hex) {
      colours[index].hex = hex;
      send();
    }
    show();
  }

  function setShare(index, input) {
    const value = input.value === "" ? NaN : Math.round(Number(input.value) * unit);
    if (Number.isFinite(value)) {
      const own = clamp(value, 1, total - colours.length + 1);
      const others = colours.filter((_, at) => at !== index);
      divide(others.map(({ units }) => units), total - own).forEach((units, at) => {
        others[at].units = units;
      });
      colours[index].units = own;
      send();
    }
    show();
  }

  function addColour() {
    if (colours.length >= most) return;
    colours.push({ hex: freshHue(colours), units: 0 });
    shareOut(colours.map(({ units }) => units || total / (colours.length - 1)));
    send();
    list.lastChild.querySelector(".qwc-hex").focus();
  }

  function removeColour(index) {
    if (colours.length <= fewest) return;
    colours.splice(index, 1);
    shareOut(colours.map(({ units }) => units));
    send();
    list.children[Math.min(index, colours.length - 1)].querySelector(".qwc-hex").focus();
  }

  function show() {
    if (list.children.length !== colours.length) buildBars();
    const parts = [...bar.querySelectorAll(".qwc-share")];
    const borders = [...bar.querySelectorAll(".qwc-border")];
    let before = 0;
    colours.forEach(({ hex, units }, index) => {
      const part = parts[index];
      part.style.flexGrow = units;
      part.style.background = hex;
      part.style.color = isBright(hex) ? "#000" : "#fff";
      part.title = `${hex} ${percent(units)} %`;
      part.firstChild.textContent = (100 * units) / total >= 8 ? `${percent(units)} %` : "";
      before += units;
      const edge = borders[index];
      if (edge) {
        const shown = formatText(texts, "border_value", { share: percent(before) });
        edge.setAttribute("aria-label", formatText(texts, "border", { shade: hex, other: colours[index + 1].hex }));
        edge.setAttribute("aria-valuenow", percent(before));
        edge.setAttribute("aria-valuetext", shown);
      }
      const [swatch, text, number] = list.children[index].querySelectorAll("input");
      if (swatch.value.toUpperCase() !== hex) swatch.value = hex;
      text.value = hex;
      text.setAttribute("aria-invalid", "false");
      number.value = percent(units);
      list.children[index].querySelector("button").disabled = colours.length <= fewest;
    });
    addButton.disabled = colours.length >= most;
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
