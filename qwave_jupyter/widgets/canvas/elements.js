// Elements and texts: what every canvas control is made of.

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

function formatText(texts, name, fields) {
  return (texts[name] || name).replace(/\{(\w+)\}/g, (whole, field) => (fields && field in fields ? fields[field] : whole));
}

function button(text, onclick, attributes) {
  return make("button", "qwc-btn", { type: "button", onclick, ...attributes }, text);
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

function openRoot(el, name, label) {
  keepKeys();
  const root = make("div", `qwc ${name}`, { role: "group", "aria-label": label });
  el.append(root);
  return root;
}

function buildShortcuts(model, root) {
  // In a panel, its own list has these keys as well.
  const { hint, ...list } = model.get("shortcuts");
  const open = () => openShortcuts(list);
  const button = make("button", "qwc-keys", { type: "button", onclick: open, title: list.title, "aria-label": list.title }, "?");
  root.addEventListener("keydown", (event) => {
    if (event.key !== "?" || isTyping(event) || root.closest(".qwp-panel")) return;
    event.preventDefault();
    open();
  });
  return make("span", "qwc-hint", {}, hint, " ", button);
}

function isTyping(event) {
  const target = event.target;
  return target.tagName === "INPUT" && target.type !== "range" && target.type !== "color";
}
