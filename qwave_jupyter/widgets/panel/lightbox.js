// A lightbox over the page: one image large, with the others of its run beside it. The full file comes when it is asked for.

// `items()` are the images, `load(index)` resolves to { url, note } of the full one, `texts` are the words.
function openLightbox({ items, load, texts, start }) {
  const opener = document.activeElement;
  let index = start;
  let actual = false;
  const name = make("span", { class: "qwl-name" });
  const count = make("span", { class: "qwl-count", "aria-live": "polite" });
  const note = make("div", { class: "qwl-note", role: "status" });
  const image = make("img", { class: "qwl-image", draggable: "false" });
  const stage = make("div", { class: "qwl-stage" }, image);
  const makeButton = (text, label, onclick) => make("button", { type: "button", title: label, "aria-label": label, onclick }, text);
  const previous = makeButton("‹", texts.previous_image, () => move(-1));
  const next = makeButton("›", texts.next_image, () => move(1));
  const zoom = make("button", { type: "button", onclick: () => setActual(!actual) });
  const copy = make("button", { type: "button", onclick: () => copyImage() }, texts.copy_image);
  const save = make("button", { type: "button", onclick: () => download() }, texts.download);
  const close = make("button", { type: "button", onclick: () => end() }, texts.close);
  const bar = make("div", { class: "qwl-bar" }, name, count, make("span", { class: "qwl-space" }), previous, next, zoom, copy, save, close);
  const dialog = make("dialog", { class: "qwl", "data-lm-suppress-shortcuts": "true", "aria-label": texts.enlarge, tabindex: "-1" }, bar, stage, note);

  const setActual = (on) => {
    actual = on;
    stage.classList.toggle("qwl-actual", on);
    if (on) stage.setAttribute("tabindex", "0");
    else stage.removeAttribute("tabindex");
    zoom.textContent = on ? texts.fit : texts.actual_size;
  };
  const show = async () => {
    const item = items()[index];
    const shown = index;
    name.textContent = item.name;
    count.textContent = items().length > 1 ? `${index + 1} / ${items().length}` : "";
    note.textContent = "";
    image.alt = item.alt;
    image.src = item.src;
    // What is seen at once is the preview, as large as the image will be.
    image.dataset.full = "";
    save.disabled = true;
    previous.hidden = next.hidden = items().length < 2;
    const full = await load(shown);
    if (shown !== index || !dialog.open) return;
    note.textContent = full.note;
    if (!full.url) return;
    image.src = full.url;
    image.dataset.full = full.note ? "smaller" : "whole";
    save.disabled = Boolean(full.note);
  };
  const move = (by) => {
    index = (index + by + items().length) % items().length;
    show();
  };
  const copyImage = async () => {
    try {
      const { url } = await load(index);
      const bitmap = await createImageBitmap(await (await fetch(url)).blob());
      const canvas = make("canvas", { width: bitmap.width, height: bitmap.height });
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
      await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
      note.textContent = texts.copied_image;
    } catch {
      note.textContent = texts.copy_failed;
    }
  };
  const download = async () => {
    const { url, note: smaller } = await load(index);
    if (url && !smaller) make("a", { href: url, download: items()[index].name }).click();
  };

  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const isScrolling = actual && event.target === stage;
    if (event.key === "Escape") end();
    else if (event.key === "ArrowLeft" && !isScrolling && items().length > 1) move(-1);
    else if (event.key === "ArrowRight" && !isScrolling && items().length > 1) move(1);
    else if (event.key === "1") setActual(true);
    else if (event.key === "0") setActual(false);
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog || event.target === stage) end(); });
  image.addEventListener("dblclick", () => setActual(!actual));
  // At once: the event comes later, and the focus may be elsewhere by then.
  const end = () => {
    if (!dialog.isConnected) return;
    dialog.close();
    dialog.remove();
    opener?.focus?.();
  };
  dialog.addEventListener("close", end);
  // At the end of the page: in the notebook, its keys would reach the cell below.
  document.body.append(dialog);
  setActual(false);
  dialog.showModal();
  dialog.focus();
  show();
  return dialog;
}
