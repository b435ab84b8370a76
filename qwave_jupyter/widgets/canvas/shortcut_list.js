// The list of keys, over the page: `list` has its title and groups; Escape closes it, and the focus goes back.

function openShortcuts(list) {
  const part = (tag, attributes, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  const opener = document.activeElement;
  const groups = list.groups.map(({ title, rows }) => part("section", {}, part("h3", {}, title),
    part("dl", {}, ...rows.flatMap(([keys, action]) => [part("dt", {}, part("kbd", {}, keys)), part("dd", {}, action)]))));
  const close = part("button", { type: "button", class: "qwk-close" }, list.close);
  const dialog = part("dialog", { class: "qwk", "aria-label": list.title, "data-lm-suppress-shortcuts": "true" },
    part("header", {}, part("h2", {}, list.title), close), part("div", { class: "qwk-groups", tabindex: "0" }, ...groups));
  // At once: the event comes later, and the focus may be elsewhere by then.
  const end = () => {
    if (!dialog.isConnected) return;
    dialog.close();
    dialog.remove();
    opener?.focus?.({ preventScroll: true });
  };
  close.addEventListener("click", end);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) end(); });
  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Escape" && event.key !== "?") return;
    event.preventDefault();
    end();
  });
  dialog.addEventListener("close", end);
  // At the end of the page: in the notebook, its keys would reach the cell below.
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
}
