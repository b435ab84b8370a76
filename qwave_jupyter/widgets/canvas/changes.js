// What changes a value. Kernels may handle messages of two widgets in another order: those that change something have
// numbers, and those of buttons that act on values name the ones that were sent before.

function numberChange(el) {
  const panel = el.closest(".qwp-panel");
  const number = window.qwaveMessage = (window.qwaveMessage ?? Date.now()) + 1;
  if (panel) panel.qwaveChanges = [...(panel.qwaveChanges ?? []).slice(-99), number];
  return number;
}

function sendChange(el, model, content, { number = numberChange(el), buffers } = {}) {
  model.send({ ...content, number }, undefined, buffers);
}

// What is drawn. ipywidgets holds a value back while the kernel handles the one before it: a cell that is run next must find
// it, and in a panel it is sent before whatever is changed or pressed next.
function saveValue(el, model, value) {
  const panel = el.closest(".qwp-panel");
  model.set("value", value);
  if (!panel) {
    model.send({ value });
    return;
  }
  model.save_changes();
  (panel.qwaveDrawn ??= new Map()).set(el, model);
}
