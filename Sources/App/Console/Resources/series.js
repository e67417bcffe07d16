import { moment } from './format.js';

// Traffic by window. A window can come twice, partial from the live query's start or from a stored query that ran
// while it was open: the row that has seen more requests wins.

const measures = ['n', 's2', 's3', 's4', 's5', 'hits', 'bytes_all', 'bytes_cache', 'p50', 'p95', 'p99'];
const absentIsZero = new Set(['n', 's2', 's3', 's4', 's5', 'hits', 'bytes_all', 'bytes_cache']);

export class Series {
  #rows = new Map();
  /** Start of the newest window seen, in milliseconds since 1970. */
  newest = -Infinity;
  /** Start of the oldest window seen. */
  oldest = Infinity;

  constructor(seconds) {
    this.step = seconds * 1000;
  }

  get isEmpty() {
    return this.#rows.size === 0;
  }

  add(rows) {
    for (const row of rows) {
      const start = moment(row.window_start);
      if (!Number.isFinite(start)) continue;
      const known = this.#rows.get(start);
      if (!known || row.n >= known.n) this.#rows.set(start, row);
      this.newest = Math.max(this.newest, start);
      this.oldest = Math.min(this.oldest, start);
    }
  }

  /** Forgets what ended before a moment. */
  prune(before) {
    for (const start of this.#rows.keys()) if (start < before) this.#rows.delete(start);
  }

  /** Columns over the windows that start in [from, to): `{start, step, length, n: Float64Array, …}`. */
  columns(from, to) {
    const start = Math.floor(from / this.step) * this.step;
    const length = Math.max(0, Math.floor((to - start) / this.step));
    const columns = { start, step: this.step, length };
    for (const name of measures) columns[name] = new Float64Array(length).fill(absentIsZero.has(name) ? 0 : NaN);
    for (let index = 0; index < length; index += 1) {
      const row = this.#rows.get(start + index * this.step);
      if (!row) continue;
      for (const name of measures) {
        if (row[name] !== null && row[name] !== undefined) columns[name][index] = Number(row[name]);
      }
    }
    return columns;
  }
}

/** Column divided by seconds. */
export const perSecond = (column, step) => column.map((value) => (value * 1000) / step);
export const ratio = (part, all) => part.map((value, index) => (all[index] > 0 ? value / all[index] : NaN));
export const sum = (column) => column.reduce((total, value) => total + (Number.isNaN(value) ? 0 : value), 0);

/** Mean of `column` weighted by `weights`; NaN where there is no weight. */
export function weightedMean(column, weights) {
  let total = 0;
  let weight = 0;
  column.forEach((value, index) => {
    if (Number.isNaN(value)) return;
    total += value * weights[index];
    weight += weights[index];
  });
  return weight > 0 ? total / weight : NaN;
}
