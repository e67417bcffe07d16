// The five figures at the top: now (or over a fixed range), over the range, and a line of how it went.
import { drawSpark, thin } from './chart.js';
import { el, setText } from './dom.js';
import * as format from './format.js';
import { perSecond, ratio, sum, weightedMean } from './series.js';

const NOW_WINDOWS = 10;
const SPARK_POINTS = 60;

const tiles = [
  { key: 'rate', label: 'Requests', color: '--c2', hint: 'Requests per second.', unit: format.rate },
  { key: 'hits', label: 'Hit ratio', color: '--accent', unit: format.percent,
    hint: 'Share of all requests answered from the cache: hit, stale, revalidated or collapsed.' },
  { key: 'p95', label: 'p95 latency', color: '--p95', unit: format.duration,
    hint: '95 of 100 requests took at most this long, from first byte in to last byte out.' },
  { key: 'bandwidth', label: 'Bandwidth', color: '--accent', hint: 'Response bytes sent to clients.', unit: format.bits },
  { key: 'errors', label: '5xx rate', color: '--c5', hint: 'Share of requests answered 500 to 599.', unit: format.percent },
];

const nodes = new Map();

export function mount(root) {
  for (const tile of tiles) {
    const value = el('span', { class: 'tile-value num', text: '–' });
    const unit = el('span', { class: 'tile-unit' });
    const note = el('p', { class: 'tile-note num', text: ' ' });
    const canvas = el('canvas', { class: 'spark', 'aria-hidden': 'true' });
    const node = el('div', { class: 'tile', title: tile.hint },
      el('h2', { text: tile.label }), el('p', { class: 'tile-figure' }, value, unit), note, canvas);
    nodes.set(tile.key, { node, value, unit, note, canvas });
    root.append(node);
  }
}

function write(tile, value, note, column) {
  const parts = nodes.get(tile.key);
  const [text, unit] = tile.unit(value);
  setText(parts.value, text);
  setText(parts.unit, unit);
  setText(parts.note, note);
  drawSpark(parts.canvas, thin(column, SPARK_POINTS), tile.color);
  if (tile.key === 'errors') parts.node.classList.toggle('is-bad', value >= 0.01);
}

/**
 * `chart`: the columns on the charts. `recent`: columns of the last seconds, or null when the range is fixed.
 * `totals`: the row over the whole range, or null while it isn't known. `seconds`: length of the range.
 */
export function update({ chart, recent, totals, seconds }) {
  const now = recent && recent.length ? tail(recent, NOW_WINDOWS) : null;
  const all = totals ?? { n: sum(chart.n), hits: sum(chart.hits), s5: sum(chart.s5), bytes_all: sum(chart.bytes_all) };
  const span = format.span(seconds);
  const over = (text) => `${text} in ${span}`;
  const columns = {
    rate: perSecond(chart.n, chart.step),
    hits: ratio(chart.hits, chart.n),
    p95: chart.p95,
    bandwidth: perSecond(chart.bytes_all, chart.step),
    errors: ratio(chart.s5, chart.n),
  };
  const current = now ? figures(now, (now.length * now.step) / 1000) : {
    rate: all.n / seconds, hits: all.hits / all.n, p95: Number(totals?.p95 ?? NaN),
    bandwidth: all.bytes_all / seconds, errors: all.s5 / all.n,
  };
  const notes = {
    rate: over(format.join(format.count(all.n))),
    hits: over(format.join(format.percent(all.hits / all.n))),
    p95: over(format.join(format.duration(Number(totals?.p95 ?? NaN)))),
    bandwidth: over(format.join(format.bytes(Number(all.bytes_all ?? 0)))),
    errors: over(format.whole(all.s5)),
  };
  for (const tile of tiles) write(tile, current[tile.key], notes[tile.key], columns[tile.key]);
}

function figures(columns, seconds) {
  const n = sum(columns.n);
  return {
    rate: n / seconds,
    hits: n ? sum(columns.hits) / n : NaN,
    p95: weightedMean(columns.p95, columns.n),
    bandwidth: sum(columns.bytes_all) / seconds,
    errors: n ? sum(columns.s5) / n : NaN,
  };
}

function tail(columns, length) {
  const cut = { ...columns };
  for (const [key, value] of Object.entries(columns)) if (value instanceof Float64Array) cut[key] = value.slice(-length);
  cut.length = Math.min(length, columns.length);
  return cut;
}
