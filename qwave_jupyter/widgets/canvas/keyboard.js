// Keys stay in the control that has the focus: no notebook takes m, d d or Escape for a command of its own.

function keepKeys() {
  // Every widget's script has a copy of this; one of them is enough for the page.
  const installed = Symbol.for("qwave_jupyter.keys");
  if (window[installed]) return;
  window[installed] = true;

  const roots = ".qwp-panel, .qwc, .qwl, .qwk, .qw-live";
  const focusable = "button, input, textarea, select, summary, a[href], [tabindex]";
  const bounded = new WeakSet();
  let focused = null;
  let root = null;
  let order = [];

  const pathOf = (event) => event.composedPath().filter((node) => node instanceof Element);
  const rootsOf = (event) => pathOf(event).filter((node) => node.matches(roots));
  const isUsable = (node) => node.isConnected && !node.disabled && node.getClientRects().length > 0;
  const isTabStop = (node) => node.tabIndex >= 0 && isUsable(node);
  // The notebook is saved from everywhere; the browser would offer to save the page instead.
  const isSave = (event) => (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s";

  function guard(node) {
    // A root that can be focused keeps a click on its ground; a click on a card is one on the cell.
    if (!node.hasAttribute("tabindex") && !node.matches(".qw-live")) node.setAttribute("tabindex", "-1");
    if (bounded.has(node)) return;
    bounded.add(node);
    // JupyterLab 4.6 and nbclassic listen on the document, behind the control.
    node.addEventListener("keydown", (event) => { if (!isSave(event)) event.stopPropagation(); });
  }

  // In a narrow panel the columns lie below each other, in another order than their elements: Tab goes as they are seen.
  function moveAsSeen(event, panel) {
    if (event.key !== "Tab" || event.ctrlKey || event.altKey || event.metaKey) return;
    const target = pathOf(event)[0];
    const stops = [...panel.querySelectorAll(focusable)].filter((node) => isTabStop(node) && node.checkVisibility({ visibilityProperty: true }));
    const orders = new Map(stops.map((node) => [node, Number(getComputedStyle(node.closest("[class*=qwp-order-]") || node).order)]));
    const seen = [...stops].sort((one, other) => orders.get(one) - orders.get(other));
    const step = event.shiftKey ? -1 : 1;
    const next = seen[seen.indexOf(target) + step];
    // What the browser would do is left to it, and so is the way out.
    if (!seen.includes(target) || !next || next === stops[stops.indexOf(target) + step]) return;
    event.preventDefault();
    next.focus();
  }

  window.addEventListener("keydown", (event) => {
    const found = rootsOf(event);
    if (!found.length) return;
    found.forEach(guard);
    moveAsSeen(event, found[found.length - 1]);
    // Notebook 7 and earlier JupyterLabs listen before the control does. They look for this mark from the target
    // upwards, and stop at the first element that a shortcut is meant for: that is the target itself.
    const path = pathOf(event);
    const inside = path.slice(0, path.indexOf(found[found.length - 1]) + 1);
    for (const node of inside) node.removeAttribute("data-lm-suppress-shortcuts");
    if (!isSave(event)) inside[0].setAttribute("data-lm-suppress-shortcuts", "true");
  }, true);

  // Where what has the focus goes away, is hidden or disabled, the browser would give the focus to the page.
  const labelOf = (node) => `${node.tagName} ${node.getAttribute("aria-label") || node.textContent}`;
  function findNext() {
    const stops = [...root.querySelectorAll(focusable)].filter(isTabStop);
    if (focused.isConnected) {
      const follows = (node) => focused.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING;
      return stops.find(follows) || stops[stops.length - 1];
    }
    // What is drawn anew is another element with the same name.
    const same = stops.find((node) => labelOf(node) === labelOf(focused));
    const at = order.indexOf(focused);
    return same || order.slice(at + 1).find(isTabStop) || order.slice(0, at).reverse().find(isTabStop);
  }
  const watcher = new MutationObserver(() => {
    if (!focused || isUsable(focused)) return;
    const active = document.activeElement;
    if (active && active !== document.body && active !== focused && root.contains(active)) return;
    if (!root.isConnected) return forget();
    const stop = findNext() || root;
    stop.focus({ preventScroll: true });
  });
  function forget() {
    watcher.disconnect();
    focused = root = null;
    order = [];
  }
  window.addEventListener("focusin", (event) => {
    const found = rootsOf(event);
    if (!found.length) return event.target === document.body ? undefined : forget();
    found.forEach(guard);
    if (root !== found[found.length - 1]) {
      forget();
      root = found[found.length - 1];
      watcher.observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["class", "disabled", "hidden", "style"] });
    }
    focused = pathOf(event)[0];
    order = [...root.querySelectorAll(focusable)];
  }, true);
  window.addEventListener("pointerdown", (event) => {
    const found = rootsOf(event);
    if (found.length) found.forEach(guard);
    else forget();
  }, true);
}
