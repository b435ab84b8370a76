// The mask brush. What is drawn here is only the image of the strokes: the mask is made from them in Python.

const OVERLAY = "#ff2d55";
const MAX_OVERLAY_SIDE = 1024;

function drawLink(context, one, other) {
  // As in Python: a disc at each point, and straight edges between them.
  for (const [x, y, radius] of [one, other]) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }
  const length = Math.hypot(other[0] - one[0], other[1] - one[1]);
  if (!length) return;
  const across = (one[1] - other[1]) / length;
  const along = (other[0] - one[0]) / length;
  context.beginPath();
  context.moveTo(one[0] + across * one[2], one[1] + along * one[2]);
  context.lineTo(other[0] + across * other[2], other[1] + along * other[2]);
  context.lineTo(other[0] - across * other[2], other[1] - along * other[2]);
  context.lineTo(one[0] - across * one[2], one[1] - along * one[2]);
  context.fill();
}

function drawStroke(context, stroke, scale) {
  const canvas = context.canvas;
  context.globalCompositeOperation = { paint: "source-over", erase: "destination-out", invert: "xor" }[stroke.kind] || "source-over";
  context.fillStyle = OVERLAY;
  if (stroke.kind === "clear") context.clearRect(0, 0, canvas.width, canvas.height);
  else if (stroke.kind === "invert") context.fillRect(0, 0, canvas.width, canvas.height);
  else {
    const discs = stroke.points.map(([x, y, size]) => [x * scale, y * scale, ((size || stroke.size) / 2) * scale]);
    discs.forEach((disc, index) => drawLink(context, discs[Math.max(0, index - 1)], disc));
  }
}

function simplify(points, tolerance) {
  // Ramer, Douglas and Peucker: few points that make the same line.
  if (points.length < 3) return points;
  const kept = new Set([0, points.length - 1]);
  const spans = [[0, points.length - 1]];
  while (spans.length) {
    const [first, last] = spans.pop();
    const [ax, ay, aw = 0] = points[first];
    const [bx, by, bw = 0] = points[last];
    const square = (bx - ax) ** 2 + (by - ay) ** 2;
    let farthest = tolerance;
    let split = -1;
    for (let step = first + 1; step < last; step += 1) {
      const [x, y, w = 0] = points[step];
      const share = square ? clamp(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / square, 0, 1) : 0;
      const off = Math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay)) + Math.abs(w - aw - share * (bw - aw)) / 2;
      if (off > farthest) [farthest, split] = [off, step];
    }
    if (split > 0) {
      kept.add(split);
      spans.push([first, split], [split, last]);
    }
  }
  return points.filter((_, step) => kept.has(step));
}

function openBrush(model, el) {
  const texts = model.get("texts");
  const root = openRoot(el, "qwc-brush", formatText(texts, "brush_label"));
  const viewport = openViewport(model, root, texts, "brush_surface");
  const { width, height, sheet } = viewport;
  const longest = Math.max(width, height);
  const scale = Math.min(4, MAX_OVERLAY_SIDE / longest);
  const layer = make("canvas", "qwc-layer", { "aria-hidden": "true" });
  layer.width = Math.max(1, Math.round(width * scale));
  layer.height = Math.max(1, Math.round(height * scale));
  const context = layer.getContext("2d", { willReadFrequently: true });
  const ring = make("div", "qwc-ring", { "aria-hidden": "true" });
  sheet.append(layer, ring);

  let mode = "paint";
  let size = Math.max(1, Math.round(longest / 16));
  let undone = [];
  let stroke = null;
  let drawn = null;
  let pointer = [width / 2, height / 2];
  const maxSize = Math.max(2, longest / 2);

  const paintButton = button(formatText(texts, "paint"), () => setMode("paint"));
  const eraseButton = button(formatText(texts, "erase"), () => setMode("erase"), { "aria-keyshortcuts": "e" });
  const slider = make("input", "qwc-range", { type: "range", min: "0", max: "100", step: "1", "aria-label": formatText(texts, "size"), oninput: () => setSize(maxSize ** (slider.value / 100)) });
  const number = make("output", "qwc-number");
  const undo = button(formatText(texts, "undo"), undoStroke, { "aria-keyshortcuts": "z" });
  const redo = button(formatText(texts, "redo"), redoStroke, { "aria-keyshortcuts": "Shift+z" });
  const invert = button(formatText(texts, "invert"), () => addStroke({ kind: "invert" }), { "aria-keyshortcuts": "i" });
  const clear = button(formatText(texts, "clear"), () => addStroke({ kind: "clear" }));
  const state = make("span", "qwc-state", { role: "status" });
  const notes = make("div", "qwc-notes", { role: "status" });
  root.append(
    make("div", "qwc-bar", { role: "toolbar", "aria-label": formatText(texts, "tools") },
      make("div", "qwc-seg", { role: "group", "aria-label": formatText(texts, "mode") }, paintButton, eraseButton),
      make("label", "qwc-size", {}, make("span", "", {}, formatText(texts, "size")), slider, number),
      make("div", "qwc-group", {}, undo, redo),
      make("div", "qwc-group", {}, invert, clear),
      viewport.zooming),
    viewport.view,
    make("div", "qwc-foot", {}, state, buildShortcuts(model, root)),
    notes,
  );
  receiveImages(root, model, "qwc-drop");
  const hideNotes = showNotes(notes, model, "qwc-note");

  function setMode(next) {
    mode = next;
    paintButton.setAttribute("aria-pressed", String(mode === "paint"));
    eraseButton.setAttribute("aria-pressed", String(mode === "erase"));
    ring.classList.toggle("qwc-erasing", mode === "erase");
  }

  function setSize(next) {
    size = clamp(next, 1, maxSize);
    size = size < 10 ? Math.round(size * 2) / 2 : Math.round(size);
    slider.value = (100 * Math.log(size)) / Math.log(maxSize);
    const text = formatText(texts, "size_value", { size });
    number.textContent = text;
    slider.setAttribute("aria-valuetext", text);
    placeRing();
  }

  function placeRing() {
    const across = size * viewport.scale;
    ring.style.width = ring.style.height = `${across}px`;
    ring.style.transform = `translate(${pointer[0] * viewport.scale - across / 2}px, ${pointer[1] * viewport.scale - across / 2}px)`;
  }
  viewport.onscale = (event) => {
    if (event) pointer = viewport.at(event);
    placeRing();
  };

  function redraw() {
    const strokes = model.get("value");
    // One stroke more than was shown needs only itself drawn.
    const grown = drawn && strokes.length === drawn.length + 1 && drawn.every((one, index) => one === strokes[index]);
    if (grown) drawStroke(context, strokes[strokes.length - 1], scale);
    else {
      context.globalCompositeOperation = "source-over";
      context.clearRect(0, 0, layer.width, layer.height);
      for (const one of strokes) drawStroke(context, one, scale);
    }
    drawn = strokes;
    undo.disabled = !strokes.length;
    redo.disabled = !undone.length;
    showShare(strokes);
  }

  function showShare(strokes) {
    const pixels = context.getImageData(0, 0, layer.width, layer.height).data;
    let painted = 0;
    // The opacity of every fourth pixel.
    for (let index = 3; index < pixels.length; index += 16) painted += pixels[index];
    const share = (100 * painted) / 255 / Math.ceil(pixels.length / 16);
    const percent = share > 0 && share < 0.1 ? "< 0.1" : share.toFixed(1);
    state.textContent = formatText(texts, strokes.length && share > 0 ? "painted" : "nothing_painted", { share: percent, width, height });
  }

  function send(strokes) {
    saveValue(root, model, strokes);
  }

  function addStroke(one) {
    undone = [];
    send([...model.get("value"), one]);
  }

  function undoStroke() {
    const strokes = model.get("value");
    if (!strokes.length) return;
    undone.push(strokes[strokes.length - 1]);
    send(strokes.slice(0, -1));
  }

  function redoStroke() {
    if (undone.length) send([...model.get("value"), undone.pop()]);
  }

  const round = (value) => Math.round(value * 10) / 10;
  function pointOf(event) {
    const [x, y] = viewport.at(event).map(round);
    // A pen presses; a mouse always says one half, and fingers mostly nothing.
    const hasPressure = event.pointerType === "pen" && event.pressure > 0;
    return hasPressure ? [x, y, round(Math.max(1, size * (0.35 + 0.65 * event.pressure)))] : [x, y];
  }

  function cancelStroke() {
    if (!stroke) return;
    stroke = null;
    drawn = null;
    redraw();
  }
  viewport.ongesture = cancelStroke;

  sheet.addEventListener("pointerdown", (event) => {
    const eraser = (event.buttons & 32) !== 0;
    if ((event.button !== 0 && !eraser) || viewport.isGesture()) return;
    event.preventDefault();
    sheet.focus({ preventScroll: true });
    sheet.setPointerCapture(event.pointerId);
    stroke = { kind: eraser ? "erase" : mode, size, points: [pointOf(event)], pointer: event.pointerId };
    drawStroke(context, stroke, scale);
  });
  sheet.addEventListener("pointermove", (event) => {
    pointer = viewport.at(event);
    placeRing();
    if (!stroke || stroke.pointer !== event.pointerId) return;
    const coalesced = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const one of coalesced.length ? coalesced : [event]) {
      const before = stroke.points[stroke.points.length - 1];
      const point = pointOf(one);
      if (point[0] === before[0] && point[1] === before[1]) continue;
      stroke.points.push(point);
      drawStroke(context, { ...stroke, points: [before, point] }, scale);
    }
  });
  sheet.addEventListener("pointerup", (event) => {
    if (!stroke || stroke.pointer !== event.pointerId) return;
    const { kind } = stroke;
    const points = simplify(stroke.points, Math.max(0.3, 0.4 / viewport.scale));
    stroke = null;
    // What was drawn live had every point; what is kept is what Python gets.
    drawn = null;
    addStroke({ kind, size, points });
  });
  sheet.addEventListener("pointercancel", cancelStroke);
  sheet.addEventListener("pointerenter", () => root.classList.add("qwc-over"));
  sheet.addEventListener("pointerleave", () => root.classList.remove("qwc-over"));
  sheet.addEventListener("contextmenu", (event) => stroke && event.preventDefault());

  function move(event) {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!direction || event.target !== sheet) return false;
    const step = event.shiftKey ? 1 : Math.max(1, size / 4);
    pointer = [clamp(pointer[0] + direction[0] * step, 0, width), clamp(pointer[1] + direction[1] * step, 0, height)];
    placeRing();
    return true;
  }

  root.addEventListener("keydown", (event) => {
    if (isTyping(event)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const control = event.ctrlKey || event.metaKey;
    let handled = true;
    if (key === "z") (event.shiftKey ? redoStroke : undoStroke)();
    else if (key === "y") redoStroke();
    else if (control || event.altKey) handled = false;
    else if (key === "[") setSize(Math.min(size / 1.2, size - 0.5));
    else if (key === "]") setSize(Math.max(size * 1.2, size + 0.5));
    else if (key === "e") setMode(mode === "erase" ? "paint" : "erase");
    else if (key === "b") setMode("paint");
    else if (key === "i") addStroke({ kind: "invert" });
    else if (key === "Escape") cancelStroke();
    else if (key === " " && event.target === sheet) addStroke({ kind: mode, size, points: [pointer.map(round)] });
    else handled = move(event) || viewport.key(event);
    if (handled) event.preventDefault();
  });

  setMode("paint");
  setSize(size);
  redraw();
  model.on("change:value", redraw);
  return () => {
    model.off("change:value", redraw);
    hideNotes();
    viewport.close();
  };
}

function render({ model, el }) {
  let close = openBrush(model, el);
  let isWaiting = false;
  const reopen = () => {
    if (isWaiting) return;
    isWaiting = true;
    // Size and preview come together, and each says so.
    queueMicrotask(() => {
      isWaiting = false;
      const hadFocus = el.contains(el.getRootNode().activeElement);
      const former = [...el.childNodes];
      close();
      close = openBrush(model, el);
      if (hadFocus) el.querySelectorAll(".qwc-sheet")[1].focus({ preventScroll: true });
      former.forEach((node) => node.remove());
    });
  };
  const events = "change:preview change:width change:height";
  model.on(events, reopen);
  return () => {
    model.off(events, reopen);
    close();
  };
}

export default { render };
