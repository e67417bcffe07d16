// A job's plan as a graph: rates on the arrows, what the steps keep and how busy they are in the boxes.
import { fill } from './dom.js';
import * as format from './format.js';
import { place } from './layers.js';

const HEIGHT = 72;
/** From left to right, the first of these widths that fits: of a node, and of the gap behind it. */
const WIDTHS = [[208, 92], [186, 84], [160, 76]];
/** From top to bottom else. */
const DOWN = { width: [164, 280], layer: 46, node: 14 };
const NODE_GAP = 20;
const MARGIN = 8;
const BUSY_SHARE = 0.8;
/** How the API says that a step keeps nothing. */
const NOTHING = 'nothing';
const TEXT_INSET = 14;

const namespace = 'http://www.w3.org/2000/svg';

function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'text') node.textContent = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

/** Lays the plan out as wide as there is room. */
function fit(ids, edges, room) {
  for (const [width, layer] of WIDTHS) {
    const layout = place({ ids, edges, size: () => ({ width, height: HEIGHT }), gap: { layer, node: NODE_GAP } });
    if (layout.width <= room) return { layout, down: false };
  }
  const [least, most] = DOWN.width;
  const shape = (width) => place({ ids, edges, size: () => ({ width, height: HEIGHT }), gap: DOWN, down: true });
  const layout = shape(most);
  return { layout: layout.width <= room ? layout : shape(least), down: true };
}

let pen = null;

/** The text, cut so that it is at most so wide. */
function fitting(text, width, font) {
  pen ??= document.createElement('canvas').getContext('2d');
  pen.font = `${font} ${getComputedStyle(document.body).fontFamily}`;
  if (pen.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && pen.measureText(`${text.slice(0, end)}…`).width > width) end -= 1;
  return `${text.slice(0, end)}…`;
}

export class PlanGraph {
  #shape = '';
  #parts = null;
  #plan = null;
  #rates = null;

  constructor(root) {
    this.root = root;
    new ResizeObserver(() => this.#draw()).observe(root);
  }

  clear() {
    this.#plan = null;
    this.#shape = '';
    fill(this.root);
  }

  /** `plan` as the API has it; `rates.perSecond` knows `ID.out` and `ID.busy` of its nodes. */
  update(plan, rates) {
    this.#plan = plan;
    this.#rates = rates;
    this.#draw();
  }

  #draw() {
    const plan = this.#plan;
    const room = this.root.clientWidth - 2 * MARGIN;
    if (!plan || room < 50) return;
    const shape = JSON.stringify([
      plan.nodes.map(({ id, kind, name, detail }) => [id, kind, name, detail]), plan.edges.map(({ from, to }) => [from, to]),
      room,
    ]);
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#build(plan, room);
    }
    this.#write(plan);
  }

  #build(plan, room) {
    const ids = plan.nodes.map(({ id }) => id);
    const { layout, down } = fit(ids, plan.edges, room);
    const { width, height } = layout;
    const edges = layout.edges.map((edge) => this.#edge(edge, down));
    const nodes = new Map(plan.nodes.map((node) => [node.id, this.#node(node, layout.nodes.get(node.id))]));
    const picture = svg('svg', {
      class: 'plan', role: 'img', width: width + 2 * MARGIN, height: height + 2 * MARGIN,
      viewBox: `${-MARGIN} ${-MARGIN} ${width + 2 * MARGIN} ${height + 2 * MARGIN}`,
    }, ...edges.map(({ line }) => line), ...[...nodes.values()].map(({ box }) => box), ...edges.map(({ label }) => label));
    this.#parts = { picture, edges, nodes };
    fill(this.root, picture);
    // Of a graph that is wider than the screen the middle is where the ways meet.
    this.root.scrollLeft = (this.root.scrollWidth - this.root.clientWidth) / 2;
  }

  #edge({ from, to, points }, down) {
    const [first, last] = [points[0], points.at(-1)];
    let path = `M${first.x} ${first.y}`;
    for (let index = 1; index < points.length; index += 1) {
      const [a, b] = [points[index - 1], points[index]];
      const half = down ? (b.y - a.y) / 2 : (b.x - a.x) / 2;
      if (index % 2 === 0) path += `L${b.x} ${b.y}`;
      else if (down) path += `C${a.x} ${a.y + half} ${b.x} ${b.y - half} ${b.x} ${b.y}`;
      else path += `C${a.x + half} ${a.y} ${b.x - half} ${b.y} ${b.x} ${b.y}`;
    }
    const tip = down
      ? `M${last.x - 4} ${last.y - 7}L${last.x} ${last.y}L${last.x + 4} ${last.y - 7}Z`
      : `M${last.x - 7} ${last.y - 4}L${last.x} ${last.y}L${last.x - 7} ${last.y + 4}Z`;
    // The label stands in the first gap, where arrows that part are apart already.
    const [start, end] = points;
    const middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
    const ground = svg('rect', { class: 'edge-ground', rx: 9, height: 18 });
    const text = svg('text', { class: 'edge-rate', x: middle.x, y: middle.y + 4, 'text-anchor': 'middle' });
    return {
      from, to, middle, ground, text,
      line: svg('g', { class: 'edge' }, svg('path', { class: 'edge-line', d: path }), svg('path', { class: 'edge-tip', d: tip })),
      label: svg('g', {}, ground, text),
    };
  }

  #node(node, { x, y, width, height }) {
    const inner = width - 2 * TEXT_INSET;
    const detail = node.detail === NOTHING ? '' : (node.detail ?? '');
    const figures = svg('text', { class: 'node-figures', x: TEXT_INSET, y: detail ? 57 : 48 });
    const busy = svg('rect', { class: 'node-busy', x: 1, y: height - 4, width: 0, height: 3, rx: 1.5 });
    const title = svg('title', { text: [node.name, detail].filter(Boolean).join('\n') });
    const box = svg('g', { class: `node node-${node.kind}`, transform: `translate(${x} ${y})` }, title,
      svg('rect', { class: 'node-ground', width, height, rx: 9 }),
      svg('path', { class: 'node-kind', d: `M0 9a9 9 0 0 1 4-7.5V${height - 1.5}a9 9 0 0 1-4-7.5Z` }),
      svg('text', { class: 'node-name', x: TEXT_INSET, y: detail ? 22 : 29, text: fitting(node.name, inner, '600 13px') }),
      svg('text', { class: 'node-detail', x: TEXT_INSET, y: 39, text: fitting(detail, inner, '11px') }),
      figures, busy);
    return { box, figures, busy, width };
  }

  #write(plan) {
    const { picture, edges, nodes } = this.#parts;
    const rate = (key) => this.#rates.perSecond(key);
    for (const { from, middle, ground, text, line } of edges) {
      const value = rate(`${from}.out`);
      const label = format.join(format.rate(value));
      if (text.textContent !== label) text.textContent = label;
      const width = label.length * 6.3 + 14;
      ground.setAttribute('x', middle.x - width / 2);
      ground.setAttribute('y', middle.y - 9);
      ground.setAttribute('width', width);
      line.setAttribute('class', value > 0 ? 'edge is-flowing' : 'edge');
      line.style.setProperty('--weight', `${(1.2 + Math.min(3, Math.log10(1 + Math.max(0, value || 0)) * 0.6)).toFixed(2)}px`);
    }
    for (const node of plan.nodes) {
      const part = nodes.get(node.id);
      const share = busyShare(node, this.#rates);
      const label = figuresOf(node, share);
      if (part.figures.textContent !== label) part.figures.textContent = label;
      part.busy.setAttribute('width', Math.round(Math.min(1, share || 0) * (part.width - 2)));
      part.box.classList.toggle('is-busy', share >= BUSY_SHARE);
    }
    picture.setAttribute('aria-label', spoken(plan, this.#rates));
  }
}

/** The share of one thread's time that a node works, 0 to 1. */
export const busyShare = ({ id }, rates) => rates.perSecond(`${id}.busy`) / 1e6;

export const busyText = (share) => (Number.isFinite(share) ? `${Math.round(share * 1000) / 10} %` : '–');

function figuresOf(node, share) {
  if (node.kind === 'source') {
    const lag = node.lag_bytes > 0 ? format.join(format.bytes(node.lag_bytes)) : `${format.whole(node.lag_rows)} rows`;
    return `lag ${lag}`;
  }
  if (node.kind === 'sink') return `${format.join(format.count(node.rows_in))} rows taken`;
  const state = node.state_bytes > 0 ? ` · state ${format.join(format.bytes(node.state_bytes))}` : '';
  return `busy ${busyText(share)}${state}`;
}

/** The plan for those who can't see it. */
function spoken(plan, rates) {
  const names = new Map(plan.nodes.map(({ id, name }) => [id, name]));
  const ways = plan.edges.map(({ from, to }) =>
    `${names.get(from)} to ${names.get(to)}, ${format.join(format.rate(rates.perSecond(`${from}.out`)))}`);
  return `Plan of the job: ${ways.join('; ')}. The table of steps below has all figures.`;
}
