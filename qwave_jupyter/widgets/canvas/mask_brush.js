// The mask brush. What is drawn here is only the picture of the strokes: the mask is made from them in Python.

const OVERLAY = "#ff2d55";
const DETAIL = 1024;

function drawLink(pen, one, other) {
  // As in Python: a disc at each point, and straight edges between them.
  for (const [x, y, radius] of [one, other]) {
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fill();
  }
  const length = Math.hypot(other[0] - one[0], other[1] - one[1]);
  if (!length) return;
  const across = (one[1] - other[1]) / length;
  const along = (other[0] - one[0]) / length;
  pen.beginPath();
  pen.moveTo(one[0] + across * one[2], one[1] + along * one[2]);
  pen.lineTo(other[0] + across * other[2], other[1] + along * other[2]);
  pen.lineTo(other[0] - across * other[2], other[1] - along * other[2]);
  pen.lineTo(one[0] - across * one[2], one[1] - along * one[2]);
  pen.fill();
}

function drawStroke(pen, stroke, scale) {
  const canvas = pen.canvas;
  pen.globalCompositeOperation = { paint: "source-over", erase: "destination-out", invert: "xor" }[stroke.kind] || "source-over";
  pen.fillStyle = OVERLAY;
  if (stroke.kind === "clear") pen.clearRect(0, 0, canvas.width, canvas.height);
  else if (stroke.kind === "invert") pen.fillRect(0, 0, canvas.width, canvas.height);
  else {
    const discs = stroke.points.map(([x, y, size]) => [x * scale, y * scale, ((size || stroke.size) / 2) * scale]);
    discs.forEach((disc, place) => drawLink(pen, discs[Math.max(0, place - 1)], disc));
  }
}

function simplified(points, tolerance) {
  // Ramer, Douglas and Peucker: the few points that say the same line.
  if (points.length < 3) return points;
  const kept = new Set([0, points.length - 1]);
  const spans = [[0, points.length - 1]];
  while (spans.length) {
    const [first, last] = spans.pop();
    const [ax, ay, aw = 0] = points[first];
    const [bx, by, bw = 0] = points[last];
    const square = (bx - ax) ** 2 + (by - ay) ** 2;
    let farthest = tolerance;
    let place = -1;
    for (let step = first + 1; step < last; step += 1) {
      const [x, y, w = 0] = points[step];
      const share = square ? clamp(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / square, 0, 1) : 0;
      const off = Math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay)) + Math.abs(w - aw - share * (bw - aw)) / 2;
      if (off > farthest) [farthest, place] = [off, step];
    }
    if (place > 0) {
      kept.add(place);
      spans.push([first, place], [place, last]);
    }
  }
  return points.filter((_, step) => kept.has(step));
}

function render({ model, el }) {
  const texts = model.get("texts");
  const root = openRoot(el, "qwc-brush", said(texts, "brush_label"));
  const stage = openStage(model, root, texts, "brush_surface");
  const { width, height, sheet } = stage;
  const longest = Math.max(width, height);
  const scale = Math.min(4, DETAIL / longest);
  const layer = make("canvas", "qwc-layer", { "aria-hidden": "true" });
  layer.width = Math.max(1, Math.round(width * scale));
  layer.height = Math.max(1, Math.round(height * scale));
  const pen = layer.getContext("2d", { willReadFrequently: true });
  const ring = make("div", "qwc-ring", { "aria-hidden": "true" });
  sheet.append(layer, ring);

  let mode = "paint";
  let size = Math.max(1, Math.round(longest / 16));
  let undone = [];
  let stroke = null;
  let shown = null;
  let spot = [width / 2, height / 2];
  const biggest = Math.max(2, longest / 2);

  const toPaint = button(said(texts, "paint"), () => setMode("paint"));
  const toErase = button(said(texts, "erase"), () => setMode("erase"), { "aria-keyshortcuts": "e" });
  const slider = make("input", "qwc-range", { type: "range", min: "0", max: "100", step: "1", "aria-label": said(texts, "size"), oninput: () => setSize(biggest ** (slider.value / 100)) });
  const number = make("output", "qwc-number");
  const undo = button(said(texts, "undo"), takeBack, { "aria-keyshortcuts": "z" });
  const redo = button(said(texts, "redo"), bringBack, { "aria-keyshortcuts": "Shift+z" });
  const invert = button(said(texts, "invert"), () => add({ kind: "invert" }), { "aria-keyshortcuts": "i" });
  const clear = button(said(texts, "clear"), () => add({ kind: "clear" }));
  const state = make("span", "qwc-state", { role: "status" });
  root.append(
    make("div", "qwc-bar", { role: "toolbar", "aria-label": said(texts, "tools") },
      make("div", "qwc-seg", { role: "group", "aria-label": said(texts, "mode") }, toPaint, toErase),
      make("label", "qwc-size", {}, make("span", "", {}, said(texts, "size")), slider, number),
      make("div", "qwc-group", {}, undo, redo),
      make("div", "qwc-group", {}, invert, clear),
      stage.zooming),
    stage.view,
    make("div", "qwc-foot", {}, state, make("span", "qwc-hint", {}, said(texts, "keys_brush"))),
  );

  function setMode(next) {
    mode = next;
    toPaint.setAttribute("aria-pressed", String(mode === "paint"));
    toErase.setAttribute("aria-pressed", String(mode === "erase"));
    ring.classList.toggle("qwc-erasing", mode === "erase");
  }

  function setSize(next) {
    size = clamp(next, 1, biggest);
    size = size < 10 ? Math.round(size * 2) / 2 : Math.round(size);
    slider.value = (100 * Math.log(size)) / Math.log(biggest);
    const text = said(texts, "size_value", { size });
    number.textContent = text;
    slider.setAttribute("aria-valuetext", text);
    placeRing();
  }

  function placeRing() {
    const across = size * stage.scale;
    ring.style.width = ring.style.height = `${across}px`;
    ring.style.transform = `translate(${spot[0] * stage.scale - across / 2}px, ${spot[1] * stage.scale - across / 2}px)`;
  }
  stage.onscale = (event) => {
    if (event) spot = stage.at(event);
    placeRing();
  };

  function redraw() {
    const strokes = model.get("value");
    // One stroke more than was shown needs only itself drawn.
    const grown = shown && strokes.length === shown.length + 1 && shown.every((one, place) => one === strokes[place]);
    if (grown) drawStroke(pen, strokes[strokes.length - 1], scale);
    else {
      pen.globalCompositeOperation = "source-over";
      pen.clearRect(0, 0, layer.width, layer.height);
      for (const one of strokes) drawStroke(pen, one, scale);
    }
    shown = strokes;
    undo.disabled = !strokes.length;
    redo.disabled = !undone.length;
    tell(strokes);
  }

  function tell(strokes) {
    const pixels = pen.getImageData(0, 0, layer.width, layer.height).data;
    let painted = 0;
    for (let place = 3; place < pixels.length; place += 16) painted += pixels[place];
    const share = (100 * painted) / 255 / Math.ceil(pixels.length / 16);
    const words = share > 0 && share < 0.1 ? "< 0.1" : share.toFixed(1);
    state.textContent = said(texts, strokes.length && share > 0 ? "painted" : "nothing_painted", { share: words, width, height });
  }

  function send(strokes) {
    model.set("value", strokes);
    model.save_changes();
  }

  function add(one) {
    undone = [];
    send([...model.get("value"), one]);
  }

  function takeBack() {
    const strokes = model.get("value");
    if (!strokes.length) return;
    undone.push(strokes[strokes.length - 1]);
    send(strokes.slice(0, -1));
  }

  function bringBack() {
    if (undone.length) send([...model.get("value"), undone.pop()]);
  }

  const round = (value) => Math.round(value * 10) / 10;
  function pointOf(event) {
    const [x, y] = stage.at(event).map(round);
    // A pen presses; a mouse always says one half, and fingers mostly nothing.
    const pressed = event.pointerType === "pen" && event.pressure > 0;
    return pressed ? [x, y, round(Math.max(1, size * (0.35 + 0.65 * event.pressure)))] : [x, y];
  }

  function drop() {
    if (!stroke) return;
    stroke = null;
    shown = null;
    redraw();
  }
  stage.ongesture = drop;

  sheet.addEventListener("pointerdown", (event) => {
    const eraser = (event.buttons & 32) !== 0;
    if ((event.button !== 0 && !eraser) || stage.isGesture()) return;
    event.preventDefault();
    sheet.focus({ preventScroll: true });
    sheet.setPointerCapture(event.pointerId);
    stroke = { kind: eraser ? "erase" : mode, size, points: [pointOf(event)], pointer: event.pointerId };
    drawStroke(pen, stroke, scale);
  });
  sheet.addEventListener("pointermove", (event) => {
    spot = stage.at(event);
    placeRing();
    if (!stroke || stroke.pointer !== event.pointerId) return;
    const finer = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const one of finer.length ? finer : [event]) {
      const before = stroke.points[stroke.points.length - 1];
      const point = pointOf(one);
      if (point[0] === before[0] && point[1] === before[1]) continue;
      stroke.points.push(point);
      drawStroke(pen, { ...stroke, points: [before, point] }, scale);
    }
  });
  sheet.addEventListener("pointerup", (event) => {
    if (!stroke || stroke.pointer !== event.pointerId) return;
    const { kind, points } = stroke;
    const few = simplified(points, Math.max(0.3, 0.4 / stage.scale));
    stroke = null;
    // What was drawn live had every point; what is kept is what Python gets.
    shown = null;
    add({ kind, size, points: few });
  });
  sheet.addEventListener("pointercancel", drop);
  sheet.addEventListener("pointerenter", () => root.classList.add("qwc-over"));
  sheet.addEventListener("pointerleave", () => root.classList.remove("qwc-over"));
  sheet.addEventListener("contextmenu", (event) => stroke && event.preventDefault());

  function move(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way || event.target !== sheet) return false;
    const step = event.shiftKey ? 1 : Math.max(1, size / 4);
    spot = [clamp(spot[0] + way[0] * step, 0, width), clamp(spot[1] + way[1] * step, 0, height)];
    placeRing();
    return true;
  }

  root.addEventListener("keydown", (event) => {
    if (isTyping(event)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const control = event.ctrlKey || event.metaKey;
    let known = true;
    if (key === "z") (event.shiftKey ? bringBack : takeBack)();
    else if (key === "y") bringBack();
    else if (control || event.altKey) known = false;
    else if (key === "[") setSize(Math.min(size / 1.2, size - 0.5));
    else if (key === "]") setSize(Math.max(size * 1.2, size + 0.5));
    else if (key === "e") setMode(mode === "erase" ? "paint" : "erase");
    else if (key === "b") setMode("paint");
    else if (key === "i") add({ kind: "invert" });
    else if (key === "Escape") drop();
    else if (key === " " && event.target === sheet) add({ kind: mode, size, points: [spot.map(round)] });
    else known = move(event) || stage.key(event);
    if (known) event.preventDefault();
  });

  setMode("paint");
  setSize(size);
  redraw();
  model.on("change:value", redraw);
  return () => {
    model.off("change:value", redraw);
    stage.close();
  };
}

export default { render };
