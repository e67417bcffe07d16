// Small helpers over the DOM. Data only ever becomes text nodes and attributes: paths and user agents are hostile.

export const find = (selector, root = document) => root.querySelector(selector);

/** An element with attributes (`text` and `class` are shortcuts, `onclick` and the like are listeners) and children. */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (key === 'text') node.textContent = value;
    else if (key === 'class') node.className = value;
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children);
  return node;
}

/** Replaces the children of a node. */
export const fill = (node, ...children) => node.replaceChildren(...children);

/** Sets the text only when it differs, so that screen readers and layout are left in peace. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const probe = el('span', { hidden: true });

/** The colour a custom property has now, in a form that a canvas understands. */
export function color(property) {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(${property})`;
  return getComputedStyle(probe).color;
}

/** The same colour at another opacity (0 to 1). */
export function fade(rgb, alpha) {
  const parts = rgb.match(/[\d.]+/g);
  return parts ? `rgba(${parts[0]}, ${parts[1]}, ${parts[2]}, ${alpha})` : rgb;
}

/** Sizes a canvas for the screen's pixels; returns its context and its size in CSS pixels. */
export function prepareCanvas(canvas) {
  const box = canvas.getBoundingClientRect();
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const width = Math.round(box.width * ratio);
  const height = Math.round(box.height * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, box.width, box.height);
  return { context, width: box.width, height: box.height };
}
