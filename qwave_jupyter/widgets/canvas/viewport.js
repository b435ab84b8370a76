// The image with its zoom: what the mask brush and the box editor lie on.

const ZOOM_STEP = 1.25;
const MIN_SCALE = 0.02;
const MAX_SCALE = 16;

function openViewport(model, root, texts, surface) {
  const width = model.get("width");
  const height = model.get("height");
  const image = make("img", "qwc-image", { alt: "", draggable: "false" });
  const address = URL.createObjectURL(new Blob([model.get("preview")], { type: "image/jpeg" }));
  image.src = address;
  const sheet = make("div", "qwc-sheet", { tabindex: "0", role: "application", "aria-label": formatText(texts, surface, { width, height }) }, image);
  const view = make("div", "qwc-view", {}, sheet);
  const viewport = { sheet, view, width, height, scale: 1, onscale: () => {}, ongesture: () => {} };
  let fitting = true;
  let lastWidth = -1;

  function fitScale() {
    const available = Math.max(view.clientWidth, 64);
    const maxHeight = clamp(window.innerHeight * 0.6, 240, 560);
    return clamp(Math.min(available / width, maxHeight / height), MIN_SCALE, MAX_SCALE);
  }

  function apply(scale) {
    viewport.scale = scale;
    // The frame stays as high as the whole image is: zooming must not push the page about.
    view.style.height = `${Math.max(60, height * fitScale())}px`;
    sheet.style.width = `${Math.max(1, width * scale)}px`;
    sheet.style.height = `${Math.max(1, height * scale)}px`;
    view.classList.toggle("qwc-fitting", fitting);
    fit.setAttribute("aria-pressed", String(fitting));
    full.setAttribute("aria-pressed", String(!fitting && scale === 1));
    viewport.onscale();
  }

  viewport.zoom = (scale, at) => {
    const before = sheet.getBoundingClientRect();
    const frame = view.getBoundingClientRect();
    const x = at ? at.clientX : frame.left + frame.width / 2;
    const y = at ? at.clientY : frame.top + frame.height / 2;
    const anchor = [(x - before.left) / before.width, (y - before.top) / before.height];
    fitting = false;
    apply(clamp(scale, MIN_SCALE, MAX_SCALE));
    const after = sheet.getBoundingClientRect();
    view.scrollLeft += after.left + anchor[0] * after.width - x;
    view.scrollTop += after.top + anchor[1] * after.height - y;
    if (at) viewport.onscale(at);
  };

  viewport.fit = () => {
    fitting = true;
    apply(fitScale());
  };

  viewport.at = (event) => {
    const frame = sheet.getBoundingClientRect();
    return [((event.clientX - frame.left) * width) / frame.width, ((event.clientY - frame.top) * height) / frame.height];
  };

  const fit = button(formatText(texts, "fit"), viewport.fit);
  const full = button(formatText(texts, "full_size"), () => viewport.zoom(1));
  viewport.zooming = make(
    "div", "qwc-seg", { role: "group", "aria-label": formatText(texts, "zoom") },
    button("−", () => viewport.zoom(viewport.scale / ZOOM_STEP), { "aria-label": formatText(texts, "zoom_out") }), fit, full,
    button("+", () => viewport.zoom(viewport.scale * ZOOM_STEP), { "aria-label": formatText(texts, "zoom_in") }),
  );

  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    viewport.zoom(viewport.scale * Math.exp(-clamp(event.deltaY, -60, 60) / 150), event);
  }, { passive: false });

  // Two fingers move and zoom; one finger works.
  const fingers = new Map();
  const centre = () => {
    const [one, other] = [...fingers.values()];
    return {
      clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2,
      distance: Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY),
    };
  };
  view.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, event);
    if (fingers.size === 2) viewport.ongesture();
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
    if (before.distance > 0) viewport.zoom((viewport.scale * after.distance) / before.distance, after);
    event.stopPropagation();
  }, true);
  const liftFinger = (event) => fingers.delete(event.pointerId);
  view.addEventListener("pointerup", liftFinger, true);
  view.addEventListener("pointercancel", liftFinger, true);
  viewport.isGesture = () => fingers.size > 1;

  // In the next frame: what is measured here is also changed here.
  const watcher = new ResizeObserver(() => requestAnimationFrame(() => {
    if (view.clientWidth === lastWidth) return;
    lastWidth = view.clientWidth;
    apply(fitting ? fitScale() : viewport.scale);
  }));
  watcher.observe(view);
  viewport.key = (event) => {
    const action = { 0: viewport.fit, 1: () => viewport.zoom(1), "+": () => viewport.zoom(viewport.scale * ZOOM_STEP), "=": () => viewport.zoom(viewport.scale * ZOOM_STEP), "-": () => viewport.zoom(viewport.scale / ZOOM_STEP) }[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return false;
    action();
    return true;
  };
  viewport.close = () => {
    watcher.disconnect();
    URL.revokeObjectURL(address);
  };
  return viewport;
}
