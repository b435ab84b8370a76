// The box editor: boxes in the image's own pixels, by pointer, by key, or typed.

const HANDLES = { nw: [0, 1], n: [null, 1], ne: [2, 1], e: [2, null], se: [2, 3], s: [null, 3], sw: [0, 3], w: [0, null] };
const EDGES = ["x1", "y1", "x2", "y2"];

function orderEdges(one, other, length) {
  let [low, high] = [one, other].map((edge) => clamp(Math.round(edge), 0, length)).sort((a, b) => a - b);
  if (low === high) {
    low = Math.min(low, length - 1);
    high = low + 1;
  }
  return [low, high];
}

function render({ model, el }) {
  const texts = model.get("texts");
  const root = openRoot(el, "qwc-boxes", formatText(texts, "boxes_label"));
  const viewport = openViewport(model, root, texts, "box_surface");
  const { width, height, sheet } = viewport;
  const most = () => model.get("most");

  let boxes = [];
  let selected = -1;
  let drag = null;
  let marks = [];

  const state = make("span", "qwc-state", { role: "status" });
  const addButton = button(formatText(texts, "add_box"), addBox);
  const list = make("div", "qwc-list");
  root.append(
    make("div", "qwc-bar", { role: "toolbar", "aria-label": formatText(texts, "tools") }, addButton, viewport.zooming),
    make("div", "qwc-columns", {}, viewport.view, list),
    make("div", "qwc-foot", {}, state, buildShortcuts(model, root)),
  );

  function fitBox([x1, y1, x2, y2]) {
    const [left, right] = orderEdges(x1, x2, width);
    const [top, bottom] = orderEdges(y1, y2, height);
    return [left, top, right, bottom];
  }

  function moveBox(box, x, y) {
    const across = clamp(Math.round(x), -box[0], width - box[2]);
    const down = clamp(Math.round(y), -box[1], height - box[3]);
    return [box[0] + across, box[1] + down, box[2] + across, box[3] + down];
  }

  function send() {
    saveValue(root, model, boxes.map((box) => [...box]));
  }

  function placeMark(mark, box) {
    mark.style.left = `${(100 * box[0]) / width}%`;
    mark.style.top = `${(100 * box[1]) / height}%`;
    mark.style.width = `${(100 * (box[2] - box[0])) / width}%`;
    mark.style.height = `${(100 * (box[3] - box[1])) / height}%`;
  }

  function buildMarks() {
    marks.forEach((mark) => mark.remove());
    marks = boxes.map((_, number) => {
      const mark = make("div", "qwc-box", { tabindex: "0", role: "group" }, make("b", "qwc-tag", {}, String(number + 1)));
      for (const side of Object.keys(HANDLES)) mark.append(make("i", `qwc-handle qwc-${side}`, { "data-side": side, "aria-hidden": "true" }));
      mark.addEventListener("focus", () => select(number));
      sheet.append(mark);
      return mark;
    });
    list.replaceChildren(...(boxes.length ? boxes.map(buildRow) : [make("p", "qwc-none", {}, formatText(texts, "no_boxes"))]));
  }

  function buildRow(_, number) {
    const fields = EDGES.map((edge, side) => {
      const label = formatText(texts, `edge_${edge}`);
      const input = make("input", "", {
        type: "number", min: "0", max: String(side % 2 ? height : width), step: "1", inputmode: "numeric",
        "aria-label": `${formatText(texts, "box_title", { number: number + 1 })}: ${label}`, "data-side": side,
        onchange: () => setEdge(number, side, input), onfocus: () => select(number),
      });
      return make("label", "qwc-edge", {}, make("span", "", {}, label), input);
    });
    const remove = button("✕", () => removeBox(number), { "aria-label": formatText(texts, "delete_box", { number: number + 1 }) });
    return make("div", "qwc-row", {}, make("div", "qwc-title", {}, make("b", "", {}, formatText(texts, "box_title", { number: number + 1 })), remove), make("div", "qwc-edges", {}, ...fields));
  }

  function show() {
    if (marks.length !== boxes.length) buildMarks();
    boxes.forEach((box, number) => {
      placeMark(marks[number], box);
      marks[number].classList.toggle("qwc-chosen", number === selected);
      marks[number].setAttribute("aria-label", formatText(texts, "box_label", { number: number + 1, box: box.join(", ") }));
      const inputs = list.children[number].querySelectorAll("input");
      list.children[number].classList.toggle("qwc-chosen", number === selected);
      inputs.forEach((input, side) => {
        if (input.value !== String(box[side])) input.value = box[side];
      });
    });
    addButton.disabled = boxes.length >= most();
    state.textContent = formatText(texts, "boxes_left", { number: boxes.length, most: most(), width, height });
  }

  function select(number) {
    selected = number;
    marks.forEach((mark, at) => mark.classList.toggle("qwc-chosen", at === number));
    [...list.querySelectorAll(".qwc-row")].forEach((one, at) => one.classList.toggle("qwc-chosen", at === number));
  }

  function setEdge(number, side, input) {
    const value = input.value === "" ? NaN : Number(input.value);
    if (Number.isFinite(value)) {
      const box = [...boxes[number]];
      box[side] = value;
      boxes[number] = fitBox(box);
      send();
    }
    input.value = boxes[number][side];
    show();
  }

  function addBox() {
    if (boxes.length >= most()) return showLimit();
    const shift = 0.06 * boxes.length;
    boxes.push(fitBox([(0.3 + shift) * width, (0.3 + shift) * height, (0.7 + shift) * width, (0.7 + shift) * height]));
    selected = boxes.length - 1;
    show();
    marks[selected].focus();
    send();
  }

  function removeBox(number) {
    boxes.splice(number, 1);
    selected = Math.min(number, boxes.length - 1);
    buildMarks();
    show();
    (marks[selected] || sheet).focus({ preventScroll: true });
    send();
  }

  function showLimit() {
    state.textContent = formatText(texts, "too_many_boxes", { most: most() });
  }

  sheet.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || viewport.isGesture()) return;
    event.preventDefault();
    const start = viewport.at(event);
    const mark = event.target.closest(".qwc-box");
    const number = marks.indexOf(mark);
    if (number >= 0) {
      mark.focus({ preventScroll: true });
      select(number);
      drag = { number, start, from: [...boxes[number]], side: event.target.dataset.side || "all" };
    } else if (boxes.length >= most()) return showLimit();
    else drag = { number: -1, start, side: "new" };
    drag.pointer = event.pointerId;
    sheet.setPointerCapture(event.pointerId);
  });

  sheet.addEventListener("pointermove", (event) => {
    if (!drag || drag.pointer !== event.pointerId) return;
    const [x, y] = viewport.at(event);
    if (drag.side === "new") {
      // A click that slips by a pixel or two is no box.
      const slipped = Math.max(Math.abs(x - drag.start[0]), Math.abs(y - drag.start[1])) * viewport.scale < 4;
      if (drag.number < 0 && slipped) return;
      if (drag.number < 0) drag.number = boxes.push([0, 0, 1, 1]) - 1;
      boxes[drag.number] = fitBox([...drag.start, x, y]);
      selected = drag.number;
    } else if (drag.side === "all") boxes[drag.number] = moveBox(drag.from, x - drag.start[0], y - drag.start[1]);
    else {
      const box = [...drag.from];
      const [across, down] = HANDLES[drag.side];
      if (across !== null) box[across] += x - drag.start[0];
      if (down !== null) box[down] += y - drag.start[1];
      boxes[drag.number] = fitBox(box);
    }
    show();
  });

  sheet.addEventListener("pointerup", (event) => {
    if (!drag || drag.pointer !== event.pointerId) return;
    const { number } = drag;
    drag = null;
    if (number < 0) return;
    marks[number].focus({ preventScroll: true });
    send();
  });

  function cancelDrag() {
    if (!drag) return;
    drag = null;
    load();
  }
  sheet.addEventListener("pointercancel", cancelDrag);
  viewport.ongesture = cancelDrag;

  root.addEventListener("keydown", (event) => {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const number = marks.indexOf(event.target);
    if (isTyping(event)) return;
    if (number >= 0 && direction) {
      const step = event.ctrlKey || event.metaKey ? 10 : 1;
      const [x, y] = direction.map((one) => one * step);
      const box = boxes[number];
      const newWidth = Math.max(1, box[2] + x - box[0]);
      const newHeight = Math.max(1, box[3] + y - box[1]);
      boxes[number] = event.shiftKey ? fitBox([box[0], box[1], box[0] + newWidth, box[1] + newHeight]) : moveBox(box, x, y);
      show();
      send();
    } else if (number >= 0 && (event.key === "Delete" || event.key === "Backspace")) removeBox(number);
    else if (event.key === "Escape" && drag) cancelDrag();
    else if (!viewport.key(event)) return;
    event.preventDefault();
  });

  function load() {
    if (drag) return;
    boxes = model.get("value").map((box) => [...box]);
    if (selected >= boxes.length) selected = boxes.length - 1;
    show();
  }

  buildMarks();
  load();
  model.on("change:value", load);
  model.on("change:most", show);
  return () => {
    model.off("change:value", load);
    model.off("change:most", show);
    viewport.close();
  };
}

export default { render };
