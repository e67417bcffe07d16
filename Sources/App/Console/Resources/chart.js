// A chart of columns over time: stacked areas or lines, a crosshair shared by all charts, a drag that picks a range.
import { color, el, fade, prepareCanvas, setText } from './dom.js';
import { time } from './format.js';
import { linear, logarithmic, timeTicks } from './scale.js';

const FOOT = 20;
const HEAD = 8;
/** Room for the labels left of the plot, and for half a line at its right end. */
const GUTTER = 66;
const EDGE = 4;
const DRAG_LEAST_PIXELS = 6;

const charts = new Set();
let cursor = null;

function setCursor(at) {
  if (cursor === at) return;
  cursor = at;
  charts.forEach((chart) => chart.redraw());
}

/** Draws every chart again, after a change of theme. */
export const redrawAll = () => charts.forEach((chart) => chart.redraw());

export class TimeChart {
  #columns = null;
  #frame = 0;
  #drag = null;

  /**
   * `spec`: `{title, hint, series: [{key, label, color}], stacked, log, top, least, format, onRange}`.
   * `top` fixes the upper end of the axis, `least` is the smallest it may become.
   * `format` turns a value into text; `onRange(from, to)` is told of a dragged range.
   */
  constructor(spec) {
    this.spec = spec;
    this.canvas = el('canvas', { tabindex: '0', role: 'img' });
    this.clock = el('span', { class: 'chart-clock' });
    this.values = spec.series.map((series) => el('b', { class: 'num', text: '–' }));
    const legend = spec.series.map((series, index) => {
      const swatch = el('i', { class: 'swatch' });
      swatch.style.background = `var(${series.color})`;
      return el('span', { class: 'legend-item' }, swatch, series.label, ' ', this.values[index]);
    });
    this.node = el('figure', { class: 'card chart' },
      el('figcaption', {},
        el('h2', { text: spec.title, title: spec.hint }), this.clock, el('div', { class: 'legend' }, ...legend)),
      this.canvas);
    this.#listen();
    charts.add(this);
    new ResizeObserver(() => this.redraw()).observe(this.canvas);
  }

  /** `columns`: `{start, step, length, [key]: Float64Array}`. */
  update(columns) {
    this.#columns = columns;
    this.redraw();
  }

  remove() {
    charts.delete(this);
    this.node.remove();
  }

  redraw() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#frame = 0;
    const { context, width, height } = prepareCanvas(this.canvas);
    const columns = this.#columns;
    if (!columns || width < 40 || height < 40) return;
    const axis = this.#axis(columns);
    const plot = { left: GUTTER, right: width - EDGE, top: HEAD, bottom: height - FOOT };
    const x = (index) => plot.left + (index / Math.max(1, columns.length - 1)) * (plot.right - plot.left);
    const y = (value) => plot.bottom - axis.place(value) * (plot.bottom - plot.top);
    this.#drawGrid(context, plot, axis, y);
    if (this.spec.stacked) this.#drawStack(context, columns, x, y);
    else this.#drawLines(context, columns, x, y);
    this.#drawTickLabels(context, axis, y);
    this.#drawTimes(context, columns, plot);
    this.#drawCursor(context, columns, plot, x, y);
    this.#drawDrag(context, plot);
    this.#tell(columns);
  }

  #axis(columns) {
    const { spec } = this;
    let least = Infinity;
    let most = 0;
    for (let index = 0; index < columns.length; index += 1) {
      let height = 0;
      for (const { key } of spec.series) {
        const value = columns[key][index];
        if (Number.isNaN(value)) continue;
        height = spec.stacked ? height + value : Math.max(height, value);
        if (value > 0) least = Math.min(least, value);
      }
      most = Math.max(most, height);
    }
    if (spec.log) return logarithmic(Number.isFinite(least) ? least : 1e5, most || 1e8);
    return linear(Math.max(most, spec.least ?? 1e-9), spec.top ? 4 : 3, spec.top);
  }

  #drawGrid(context, plot, axis, y) {
    context.lineWidth = 1;
    context.strokeStyle = color('--grid');
    context.beginPath();
    for (const tick of [...axis.ticks.map(y), plot.bottom]) {
      context.moveTo(plot.left, Math.round(tick) - 0.5);
      context.lineTo(plot.right, Math.round(tick) - 0.5);
    }
    context.stroke();
  }

  #drawStack(context, columns, x, y) {
    const base = new Float64Array(columns.length);
    for (const { key, color: property } of this.spec.series) {
      const ink = color(property);
      const above = base.map((value, index) => value + (columns[key][index] || 0));
      context.beginPath();
      for (let index = 0; index < columns.length; index += 1) context.lineTo(x(index), y(above[index]));
      for (let index = columns.length - 1; index >= 0; index -= 1) context.lineTo(x(index), y(base[index]));
      context.closePath();
      context.fillStyle = fade(ink, 0.78);
      context.fill();
      base.set(above);
    }
  }

  #drawLines(context, columns, x, y) {
    context.lineWidth = 1.6;
    context.lineJoin = 'round';
    for (const { key, color: property, area } of this.spec.series) {
      const ink = color(property);
      for (const [first, last] of runs(columns[key])) {
        context.beginPath();
        for (let index = first; index <= last; index += 1) context.lineTo(x(index), y(columns[key][index]));
        if (first === last) context.lineTo(x(first) + 1.5, y(columns[key][first]));
        context.strokeStyle = ink;
        context.stroke();
        if (!area) continue;
        context.lineTo(x(last), y(0));
        context.lineTo(x(first), y(0));
        context.fillStyle = fade(ink, 0.13);
        context.fill();
      }
    }
  }

  #drawTickLabels(context, axis, y) {
    context.font = `11px ${fontFamily()}`;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    context.fillStyle = color('--ink-3');
    for (const tick of axis.ticks) context.fillText(this.spec.format(tick), GUTTER - 8, y(tick));
  }

  #drawTimes(context, columns, plot) {
    const from = columns.start;
    const to = columns.start + (columns.length - 1) * columns.step;
    context.textBaseline = 'alphabetic';
    context.fillStyle = color('--ink-3');
    const width = plot.right - plot.left;
    context.textAlign = 'center';
    for (const { at, label } of timeTicks(from, to, width)) {
      const left = plot.left + ((at - from) / Math.max(1, to - from)) * width;
      const half = context.measureText(label).width / 2;
      if (left < plot.left || left > plot.right + EDGE - half) continue;
      context.fillText(label, left, plot.bottom + 15);
    }
  }

  #drawCursor(context, columns, plot, x, y) {
    const index = this.#cursorIndex(columns);
    if (index === null) return;
    const left = Math.round(x(index)) + 0.5;
    context.lineWidth = 1;
    context.strokeStyle = color('--ink-3');
    context.beginPath();
    context.moveTo(left, plot.top);
    context.lineTo(left, plot.bottom);
    context.stroke();
    let base = 0;
    for (const { key, color: property } of this.spec.series) {
      const value = columns[key][index];
      if (Number.isNaN(value)) continue;
      base = this.spec.stacked ? base + value : value;
      if (this.spec.stacked && value === 0) continue;
      context.beginPath();
      context.arc(left, y(base), 3, 0, 2 * Math.PI);
      context.fillStyle = color(property);
      context.fill();
    }
  }

  #drawDrag(context, plot) {
    if (!this.#drag) return;
    const [from, to] = [this.#drag.from, this.#drag.to].sort((a, b) => a - b);
    context.fillStyle = fade(color('--accent'), 0.16);
    context.fillRect(from, plot.top, to - from, plot.bottom - plot.top);
  }

  #cursorIndex(columns) {
    if (cursor === null) return null;
    const index = Math.round((cursor - columns.start) / columns.step);
    return index >= 0 && index < columns.length ? index : null;
  }

  /** The legend carries the values under the crosshair, or the newest ones. */
  #tell(columns) {
    const pointed = this.#cursorIndex(columns);
    const index = pointed ?? columns.length - 1;
    this.spec.series.forEach(({ key }, position) => {
      setText(this.values[position], this.spec.format(index < 0 ? NaN : columns[key][index]));
    });
    setText(this.clock, pointed === null ? '' : time(columns.start + pointed * columns.step));
    this.canvas.setAttribute('aria-label', `${this.spec.title}: ${this.spec.series
      .map(({ label }, position) => `${label} ${this.values[position].textContent}`).join(', ')}`);
  }

  #listen() {
    const { canvas } = this;
    const timeAt = (left) => {
      const { start, step, length } = this.#columns;
      const share = (left - GUTTER) / Math.max(1, canvas.clientWidth - GUTTER - EDGE);
      return start + Math.round(Math.min(1, Math.max(0, share)) * (length - 1)) * step;
    };
    canvas.addEventListener('pointermove', (event) => {
      if (!this.#columns) return;
      if (this.#drag) this.#drag.to = Math.min(canvas.clientWidth, Math.max(0, event.offsetX));
      setCursor(timeAt(event.offsetX));
      this.redraw();
    });
    canvas.addEventListener('pointerleave', () => setCursor(null));
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || event.pointerType === 'touch' || !this.spec.onRange) return;
      this.#drag = { from: event.offsetX, to: event.offsetX };
      canvas.setPointerCapture(event.pointerId);
    });
    const release = (event) => {
      const drag = this.#drag;
      this.#drag = null;
      this.redraw();
      if (!drag || event.type === 'pointercancel' || Math.abs(drag.to - drag.from) < DRAG_LEAST_PIXELS) return;
      const [from, to] = [timeAt(drag.from), timeAt(drag.to)].sort((a, b) => a - b);
      this.spec.onRange(from, to + this.#columns.step);
    };
    canvas.addEventListener('pointerup', release);
    canvas.addEventListener('pointercancel', release);
    canvas.addEventListener('blur', () => setCursor(null));
    canvas.addEventListener('keydown', (event) => {
      if (!this.#columns || !['ArrowLeft', 'ArrowRight', 'Escape'].includes(event.key)) return;
      event.preventDefault();
      if (event.key === 'Escape') return setCursor(null);
      const { start, step, length } = this.#columns;
      const at = this.#cursorIndex(this.#columns) ?? length - 1;
      const next = Math.min(length - 1, Math.max(0, at + (event.key === 'ArrowLeft' ? -1 : 1)));
      setCursor(start + next * step);
    });
  }
}

/** First and last index of each run of numbers. */
function* runs(column) {
  let first = -1;
  for (let index = 0; index <= column.length; index += 1) {
    const gap = index === column.length || Number.isNaN(column[index]);
    if (!gap && first < 0) first = index;
    if (gap && first >= 0) {
      yield [first, index - 1];
      first = -1;
    }
  }
}

let family = '';
const fontFamily = () => (family ||= getComputedStyle(document.body).fontFamily);

/** A line without axes, for the tiles. */
export function drawSpark(canvas, column, property) {
  const { context, width, height } = prepareCanvas(canvas);
  if (width < 10) return;
  const most = column.reduce((max, value) => (value > max ? value : max), 0) || 1;
  const x = (index) => (index / Math.max(1, column.length - 1)) * width;
  const y = (value) => height - 1.5 - (value / most) * (height - 4);
  const ink = color(property);
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  for (const [first, last] of runs(column)) {
    context.beginPath();
    for (let index = first; index <= last; index += 1) context.lineTo(x(index), y(column[index]));
    context.strokeStyle = ink;
    context.stroke();
    context.lineTo(x(last), height);
    context.lineTo(x(first), height);
    context.fillStyle = fade(ink, 0.12);
    context.fill();
  }
}

/** Means of neighbours, so that a sparkline has at most `most` points. */
export function thin(column, most) {
  const width = Math.ceil(column.length / most);
  if (width <= 1) return column;
  const result = new Float64Array(Math.ceil(column.length / width));
  for (let index = 0; index < result.length; index += 1) {
    const part = column.slice(index * width, (index + 1) * width).filter((value) => !Number.isNaN(value));
    result[index] = part.length ? part.reduce((sum, value) => sum + value, 0) / part.length : NaN;
  }
  return result;
}
