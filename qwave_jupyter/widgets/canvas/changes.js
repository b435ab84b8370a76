// What changes a value. Kernels may handle messages of two widgets in another order: those that change something have
// numbers, and those of buttons that act on values name the ones that were sent before.

function numberChange(el) {
  const panel = el.closest(".qwp-panel");
  if (panel) sendUnsent(panel);
  const number = window.qwaveMessage = (window.qwaveMessage ?? Date.now()) + 1;
  if (panel) panel.qwaveChanges = [...(panel.qwaveChanges ?? []).slice(-99), number];
  return number;
}

function sendChange(el, model, content, { number = numberChange(el), buffers } = {}) {
  model.send({ ...content, number }, undefined, buffers);
}

// ipywidgets holds a value back while the kernel handles the one before it. A cell that is run next must find it; in a panel
// it goes out before whatever is changed or pressed next.
function saveValue(el, model, value) {
  const panel = el.closest(".qwp-panel");
  model.set("value", value);
  if (!panel) {
    model.send({ value });
    return;
  }
  model.save_changes();
  (panel.qwaveUnsent ??= new Map()).set(el, () => sendChange(el, model, { value: model.get("value") }));
}

function sendUnsent(panel) {
  const unsent = [...(panel.qwaveUnsent ?? [])];
  panel.qwaveUnsent?.clear();
  for (const [el, send] of unsent) if (el.isConnected) send();
}

// The numbers of the changes that a button of the panel waits for.
function listChanges(panel) {
  sendUnsent(panel);
  return panel.qwaveChanges ?? [];
}
