// Elements and messages: what every widget of the panel is made of.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Kernels may handle messages of two widgets in another order. Those that change a value have numbers, and those of buttons
// that act on values name the ones that were sent before.
function sendChange(el, model, content) {
  const panel = el.closest(".qwp-panel");
  const number = window.qwaveMessage = (window.qwaveMessage ?? Date.now()) + 1;
  if (panel) panel.qwaveChanges = [...(panel.qwaveChanges ?? []).slice(-99), number];
  model.send({ ...content, number });
}
