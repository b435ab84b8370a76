// The images of a run: enlarged by a click or Enter, starred, picked for comparing, and dragged to where images are taken.

// Browsers drop longer addresses from what is dragged.
const LONGEST_URL = 2000000;

function render({ model, el }) {
  const texts = model.get("texts");
  const list = make("div", { class: "qwp qwp-images", role: "list" });
  el.append(make("div", { "data-lm-suppress-shortcuts": "true" }, list));
  list.addEventListener("keydown", (event) => event.stopPropagation());
  const full = new Map();
  const waiting = new Map();
  let lightbox = null;

  const load = (index) => {
    if (full.has(index)) return Promise.resolve(full.get(index));
    return new Promise((resolve) => {
      if (!waiting.has(index)) {
        waiting.set(index, []);
        model.send({ open: index });
      }
      waiting.get(index).push(resolve);
    });
  };
  const receive = (message, buffers) => {
    if (typeof message.full !== "number") return;
    const blob = message.mime ? new Blob([buffers[0]], { type: message.mime }) : null;
    const found = { url: blob ? URL.createObjectURL(blob) : "", note: message.note, blob };
    if (blob) {
      // A file that is gone now may be there again later.
      full.set(message.full, found);
      const reader = new FileReader();
      reader.addEventListener("load", () => { found.data = reader.result; });
      reader.readAsDataURL(blob);
    }
    (waiting.get(message.full) || []).forEach((resolve) => resolve(found));
    waiting.delete(message.full);
  };
  const open = (start) => { lightbox = openLightbox({ items: () => model.get("items"), load, texts, start }); };

  const drag = (event, item, index) => {
    const data = event.dataTransfer;
    const whole = full.get(index);
    const isWhole = whole && !whole.note && whole.data && whole.data.length <= LONGEST_URL;
    data.effectAllowed = "copy";
    // For controls of ours the file's place; for others the bytes that are here, and for texts the path.
    data.setData("application/x-qwave-image", item.path);
    data.setData("text/uri-list", isWhole ? whole.data : item.src);
    data.setData("text/plain", item.path);
    if (isWhole) data.items.add(new File([whole.blob], item.name, { type: whole.blob.type }));
  };

  const drawItem = (item, index) => {
    const parts = [];
    if (item.src) {
      // No button element: Firefox lets nothing inside one be dragged.
      const image = make("img", { alt: item.alt, width: item.width, height: item.height, src: item.src, draggable: "false" });
      const enlarge = make("div", { class: "qwp-enlarge", role: "button", tabindex: "0", draggable: "true", "aria-label": `${texts.enlarge}: ${item.name}` }, image);
      enlarge.addEventListener("click", () => { enlarge.focus(); open(index); });
      enlarge.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        open(index);
      });
      // Whoever presses the button may drag: then the whole file should be there.
      enlarge.addEventListener("pointerdown", () => { load(index); });
      enlarge.addEventListener("dragstart", (event) => drag(event, item, index));
      parts.push(enlarge);
    }
    const picked = model.get("picked").includes(index);
    const starred = model.get("starred").includes(index);
    const star = make("button", { type: "button", class: "qwp-star", "aria-pressed": String(starred), title: texts.star, "aria-label": `${texts.star}: ${item.name}`, "data-key": `star-${index}`, onclick: () => model.send({ star: index }) }, starred ? "★" : "☆");
    const compare = make("button", { type: "button", class: "qwp-pick", "aria-pressed": String(picked), "aria-label": `${texts.compare}: ${item.name}`, "data-key": `compare-${index}`, onclick: () => model.send({ compare: index }) }, texts.compare);
    parts.push(make("figcaption", {}, make("span", { class: "qwp-note" }, item.caption), item.src ? compare : null, item.src ? star : null));
    return make("div", { role: "listitem" }, make("figure", {}, ...parts));
  };
  const draw = () => {
    const key = list.contains(document.activeElement) ? document.activeElement.dataset.key : "";
    const items = model.get("items");
    list.classList.toggle("qwp-single", items.length === 1);
    list.replaceChildren(...items.map(drawItem));
    // The button that was pressed is a new one now.
    if (key) list.querySelector(`[data-key="${key}"]`)?.focus();
  };
  model.on("change:items change:picked change:starred", draw);
  model.on("msg:custom", receive);
  draw();
  return () => {
    model.off("change:items change:picked change:starred", draw);
    model.off("msg:custom", receive);
    lightbox?.remove();
    for (const { url } of full.values()) URL.revokeObjectURL(url);
  };
}

export default { render };
