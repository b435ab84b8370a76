// The picture with its zoom: what the mask brush and the box editor lie on.

const STEPS = 1.25;
const SMALLEST = 0.02;
const LARGEST = 16;

function openStage(model, root, texts, surface) {
  const width = model.get("width");
  const height = model.get("height");
  const picture = make("img", "qwc-picture", { alt: "", draggable: "false" });
  const address = URL.createObjectURL(new Blob([model.get("preview")], { type: "image/jpeg" }));
  picture.src = address;
  const sheet = make("div", "qwc-sheet", { tabindex: "0", role: "application", "aria-label": said(texts, surface, { width, height }) }, picture);
  const view = make("div", "qwc-view", {}, sheet);
  const stage = { sheet, view, width, height, scale: 1, onscale: () => {}, ongesture: () => {} };
  let fitting = true;
  let seen = -1;

  function fitted() {
    const room = Math.max(view.clientWidth, 64);
    const tall = clamp(window.innerHeight * 0.6, 240, 560);
    return clamp(Math.min(room / width, tall / height), SMALLEST, LARGEST);
  }

  function apply(scale) {
    stage.scale = scale;
    // The frame stays as high as the whole picture is: zooming must not push the page about.
    view.style.height = `${Math.max(60, height * fitted())}px`;
    sheet.style.width = `${Math.max(1, width * scale)}px`;
    sheet.style.height = `${Math.max(1, height * scale)}px`;
    view.classList.toggle("qwc-fitting", fitting);
    fit.setAttribute("aria-pressed", String(fitting));
    full.setAttribute("aria-pressed", String(!fitting && scale === 1));
    stage.onscale();
  }

  stage.zoom = (scale, at) => {
    const before = sheet.getBoundingClientRect();
    const frame = view.getBoundingClientRect();
    const x = at ? at.clientX : frame.left + frame.width / 2;
    const y = at ? at.clientY : frame.top + frame.height / 2;
    const where = [(x - before.left) / before.width, (y - before.top) / before.height];
    fitting = false;
    apply(clamp(scale, SMALLEST, LARGEST));
    const after = sheet.getBoundingClientRect();
    view.scrollLeft += after.left + where[0] * after.width - x;
    view.scrollTop += after.top + where[1] * after.height - y;
    if (at) stage.onscale(at);
  };

  stage.fit = () => {
    fitting = true;
    apply(fitted());
  };

  stage.at = (event) => {
    const frame = sheet.getBoundingClientRect();
    return [((event.clientX - frame.left) * width) / frame.width, ((event.clientY - frame.top) * height) / frame.height];
  };

  const fit = button(said(texts, "fit"), stage.fit);
  const full = button(said(texts, "full_size"), () => stage.zoom(1));
  stage.zooming = make(
    "div", "qwc-seg", { role: "group", "aria-label": said(texts, "zoom") },
    button("−", () => stage.zoom(stage.scale / STEPS), { "aria-label": said(texts, "zoom_out") }), fit, full,
    button("+", () => stage.zoom(stage.scale * STEPS), { "aria-label": said(texts, "zoom_in") }),
  );

  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    stage.zoom(stage.scale * Math.exp(-clamp(event.deltaY, -60, 60) / 150), event);
  }, { passive: false });

  // Two fingers move and zoom; one finger works.
  const fingers = new Map();
  const centre = () => {
    const [one, other] = [...fingers.values()];
    return {
      clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2,
      apart: Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY),
    };
  };
  view.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, event);
    if (fingers.size === 2) stage.ongesture();
  }, true);
  view.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    if (fingers.size !== 2) {
      fingers.set(event.pointerId, event);
      return;
    }
    const before = centre();
    fingers.set(event.pointerId, event);
    const after = centre();
    view.scrollLeft -= after.clientX - before.clientX;
    view.scrollTop -= after.clientY - before.clientY;
    if (before.apart > 0) stage.zoom((stage.scale * after.apart) / before.apart, after);
    event.stopPropagation();
  }, true);
  const lift = (event) => fingers.delete(event.pointerId);
  view.addEventListener("pointerup", lift, true);
  view.addEventListener("pointercancel", lift, true);
  stage.isGesture = () => fingers.size > 1;

  // In the next frame: what is measured here is also changed here.
  const watcher = new ResizeObserver(() => requestAnimationFrame(() => {
    if (view.clientWidth === seen) return;
    seen = view.clientWidth;
    apply(fitting ? fitted() : stage.scale);
  }));
  watcher.observe(view);
  stage.key = (event) => {
    const does = { 0: stage.fit, 1: () => stage.zoom(1), "+": () => stage.zoom(stage.scale * STEPS), "=": () => stage.zoom(stage.scale * STEPS), "-": () => stage.zoom(stage.scale / STEPS) }[event.key];
    if (!does || event.ctrlKey || event.metaKey || event.altKey) return false;
    does();
    return true;
  };
  stage.close = () => {
    watcher.disconnect();
    URL.revokeObjectURL(address);
  };
  return stage;
}
