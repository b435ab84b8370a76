// The box editor: boxes in the picture's own pixels, by pointer, by key, or typed.

const HANDLES = { nw: [0, 1], n: [null, 1], ne: [2, 1], e: [2, null], se: [2, 3], s: [null, 3], sw: [0, 3], w: [0, null] };
const EDGES = ["x1", "y1", "x2", "y2"];

function ordered(one, other, length) {
  let [low, high] = [one, other].map((edge) => clamp(Math.round(edge), 0, length)).sort((a, b) => a - b);
  if (low === high) {
    low = Math.min(low, length - 1);
    high = low + 1;
  }
  return [low, high];
}

function render({ model, el }) {
  const texts = model.get("texts");
  const root = openRoot(el, "qwc-boxes", said(texts, "boxes_label"));
  const stage = openStage(model, root, texts, "box_surface");
  const { width, height, sheet } = stage;
  const most = () => model.get("most");

  let boxes = [];
  let chosen = -1;
  let drag = null;
  let marks = [];

  const state = make("span", "qwc-state", { role: "status" });
  const adding = button(said(texts, "add_box"), addOne);
  const list = make("div", "qwc-list");
  root.append(
    make("div", "qwc-bar", { role: "toolbar", "aria-label": said(texts, "tools") }, adding, stage.zooming),
    make("div", "qwc-columns", {}, stage.view, list),
    make("div", "qwc-foot", {}, state, make("span", "qwc-hint", {}, said(texts, "keys_boxes"))),
  );

  function fitted([x1, y1, x2, y2]) {
    const [left, right] = ordered(x1, x2, width);
    const [top, bottom] = ordered(y1, y2, height);
    return [left, top, right, bottom];
  }

  function moved(box, x, y) {
    const across = clamp(Math.round(x), -box[0], width - box[2]);
    const down = clamp(Math.round(y), -box[1], height - box[3]);
    return [box[0] + across, box[1] + down, box[2] + across, box[3] + down];
  }

  function send() {
    model.set("value", boxes.map((box) => [...box]));
    model.save_changes();
  }

  function place(mark, box) {
    mark.style.left = `${(100 * box[0]) / width}%`;
    mark.style.top = `${(100 * box[1]) / height}%`;
    mark.style.width = `${(100 * (box[2] - box[0])) / width}%`;
    mark.style.height = `${(100 * (box[3] - box[1])) / height}%`;
  }

  function build() {
    marks.forEach((mark) => mark.remove());
    marks = boxes.map((_, number) => {
      const mark = make("div", "qwc-box", { tabindex: "0", role: "group" }, make("b", "qwc-tag", {}, String(number + 1)));
      for (const side of Object.keys(HANDLES)) mark.append(make("i", `qwc-handle qwc-${side}`, { "data-side": side, "aria-hidden": "true" }));
      mark.addEventListener("focus", () => choose(number));
      sheet.append(mark);
      return mark;
    });
    list.replaceChildren(...(boxes.length ? boxes.map(row) : [make("p", "qwc-none", {}, said(texts, "no_boxes"))]));
  }

  function row(_, number) {
    const fields = EDGES.map((edge, side) => {
      const label = said(texts, `edge_${edge}`);
      const input = make("input", "", {
        type: "number", min: "0", max: String(side % 2 ? height : width), step: "1", inputmode: "numeric",
        "aria-label": `${said(texts, "box_title", { number: number + 1 })}: ${label}`, "data-side": side,
        onchange: () => typed(number, side, input), onfocus: () => choose(number),
      });
      return make("label", "qwc-edge", {}, make("span", "", {}, label), input);
    });
    const remove = button("✕", () => removeOne(number), { "aria-label": said(texts, "delete_box", { number: number + 1 }) });
    return make("div", "qwc-row", {}, make("div", "qwc-title", {}, make("b", "", {}, said(texts, "box_title", { number: number + 1 })), remove), make("div", "qwc-edges", {}, ...fields));
  }

  function show() {
    if (marks.length !== boxes.length) build();
    boxes.forEach((box, number) => {
      place(marks[number], box);
      marks[number].classList.toggle("qwc-chosen", number === chosen);
      marks[number].setAttribute("aria-label", said(texts, "box_label", { number: number + 1, box: box.join(", ") }));
      const inputs = list.children[number].querySelectorAll("input");
      list.children[number].classList.toggle("qwc-chosen", number === chosen);
      inputs.forEach((input, side) => {
        if (input.value !== String(box[side])) input.value = box[side];
      });
    });
    adding.disabled = boxes.length >= most();
    state.textContent = said(texts, "boxes_left", { number: boxes.length, most: most(), width, height });
  }

  function choose(number) {
    chosen = number;
    marks.forEach((mark, at) => mark.classList.toggle("qwc-chosen", at === number));
    [...list.querySelectorAll(".qwc-row")].forEach((one, at) => one.classList.toggle("qwc-chosen", at === number));
  }

  function typed(number, side, input) {
    const value = input.value === "" ? NaN : Number(input.value);
    if (Number.isFinite(value)) {
      const box = [...boxes[number]];
      box[side] = value;
      boxes[number] = fitted(box);
      send();
    }
    input.value = boxes[number][side];
    show();
  }

  function addOne() {
    if (boxes.length >= most()) return refuse();
    const shift = 0.06 * boxes.length;
    boxes.push(fitted([(0.3 + shift) * width, (0.3 + shift) * height, (0.7 + shift) * width, (0.7 + shift) * height]));
    chosen = boxes.length - 1;
    show();
    marks[chosen].focus();
    send();
  }

  function removeOne(number) {
    boxes.splice(number, 1);
    chosen = Math.min(number, boxes.length - 1);
    build();
    show();
    (marks[chosen] || sheet).focus({ preventScroll: true });
    send();
  }

  function refuse() {
    state.textContent = said(texts, "too_many_boxes", { most: most() });
  }

  sheet.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || stage.isGesture()) return;
    event.preventDefault();
    const start = stage.at(event);
    const mark = event.target.closest(".qwc-box");
    const number = marks.indexOf(mark);
    if (number >= 0) {
      mark.focus({ preventScroll: true });
      choose(number);
      drag = { number, start, from: [...boxes[number]], side: event.target.dataset.side || "all" };
    } else if (boxes.length >= most()) return refuse();
    else drag = { number: -1, start, side: "new" };
    drag.pointer = event.pointerId;
    sheet.setPointerCapture(event.pointerId);
  });

  sheet.addEventListener("pointermove", (event) => {
    if (!drag || drag.pointer !== event.pointerId) return;
    const [x, y] = stage.at(event);
    if (drag.side === "new") {
      // A click that slips by a pixel or two is no box.
      const slipped = Math.max(Math.abs(x - drag.start[0]), Math.abs(y - drag.start[1])) * stage.scale < 4;
      if (drag.number < 0 && slipped) return;
      if (drag.number < 0) drag.number = boxes.push([0, 0, 1, 1]) - 1;
      boxes[drag.number] = fitted([...drag.start, x, y]);
      chosen = drag.number;
    } else if (drag.side === "all") boxes[drag.number] = moved(drag.from, x - drag.start[0], y - drag.start[1]);
    else {
      const box = [...drag.from];
      const [across, down] = HANDLES[drag.side];
      if (across !== null) box[across] += x - drag.start[0];
      if (down !== null) box[down] += y - drag.start[1];
      boxes[drag.number] = fitted(box);
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

  function drop() {
    if (!drag) return;
    drag = null;
    load();
  }
  sheet.addEventListener("pointercancel", drop);
  stage.ongesture = drop;

  root.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const number = marks.indexOf(event.target);
    if (isTyping(event)) return;
    if (number >= 0 && way) {
      const step = event.ctrlKey || event.metaKey ? 10 : 1;
      const [x, y] = way.map((one) => one * step);
      const box = boxes[number];
      const wide = Math.max(1, box[2] + x - box[0]);
      const high = Math.max(1, box[3] + y - box[1]);
      boxes[number] = event.shiftKey ? fitted([box[0], box[1], box[0] + wide, box[1] + high]) : moved(box, x, y);
      show();
      send();
    } else if (number >= 0 && (event.key === "Delete" || event.key === "Backspace")) removeOne(number);
    else if (event.key === "Escape" && drag) drop();
    else if (!stage.key(event)) return;
    event.preventDefault();
  });

  function load() {
    if (drag) return;
    boxes = model.get("value").map((box) => [...box]);
    if (chosen >= boxes.length) chosen = boxes.length - 1;
    show();
  }

  build();
  load();
  model.on("change:value", load);
  model.on("change:most", show);
  return () => {
    model.off("change:value", load);
    model.off("change:most", show);
    stage.close();
  };
}

export default { render };
