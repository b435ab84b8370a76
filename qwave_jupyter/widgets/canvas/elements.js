// Elements and words: what every control is made of.

function make(tag, className, attributes, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function said(texts, name, fields) {
  return (texts[name] || name).replace(/\{(\w+)\}/g, (whole, field) => (fields && field in fields ? fields[field] : whole));
}

function button(text, onclick, attributes) {
  return make("button", "qwc-btn", { type: "button", onclick, ...attributes }, text);
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

function openRoot(el, name, label) {
  // Without the mark, JupyterLab would take single keys for its own: z would undo a cell's deletion.
  const root = make("div", `qwc ${name}`, { role: "group", "aria-label": label, "data-lm-suppress-shortcuts": "true" });
  root.addEventListener("keydown", (event) => event.stopPropagation());
  el.append(root);
  return root;
}

function isTyping(event) {
  const target = event.target;
  return target.tagName === "INPUT" && target.type !== "range" && target.type !== "color";
}
