// The answer of the SQL box: a table, and a chart if the columns suggest one.
import { TimeChart } from './chart.js';
import { el, fill } from './dom.js';
import * as format from './format.js';
import { isNumber, shown as digits } from './numbers.js';

const TABLE_ROWS_MOST = 500;
const BARS_MOST = 20;
const SERIES_MOST = 6;
const POINTS_MOST = 2000;
const palette = ['--q1', '--q2', '--q3', '--q4', '--q5', '--q6'];

/** The columns of some rows, with what they hold: `time`, `number`, `text` or `nothing`. */
export function columnsOf(rows) {
  const names = [...new Set(rows.slice(0, 50).flatMap((row) => Object.keys(row)))];
  return names.map((name) => ({ name, kind: kindOf(rows, name) }));
}

function kindOf(rows, name) {
  const values = rows.slice(0, 50).map((row) => row[name]).filter((value) => value !== null && value !== undefined);
  if (!values.length) return 'nothing';
  if (values.every(isNumber)) return 'number';
  return values.every(format.looksLikeTime) ? 'time' : 'text';
}

export function shown(value, kind) {
  if (value === null || value === undefined) return 'NULL';
  if (kind === 'time') return value.replace('T', ' ');
  if (isNumber(value)) return digits(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The table; `sort` is `{name, down}` or null, `onSort(name)` is told of a click on a heading. */
export function table(rows, columns, sort, onSort) {
  const heads = columns.map(({ name, kind }) => el('th', {
    scope: 'col', class: kind === 'number' ? 'right' : undefined,
    'aria-sort': sort?.name === name ? (sort.down ? 'descending' : 'ascending') : undefined,
  }, el('button', { type: 'button', class: 'sorter', onclick: () => onSort(name), text: name })));
  const lines = sorted(rows, sort).slice(0, TABLE_ROWS_MOST).map((row) => el('tr', {}, ...columns.map(({ name, kind }) => {
    const absent = row[name] === null || row[name] === undefined;
    const look = [kind === 'number' ? 'right num' : kind === 'time' ? 'num' : '', absent ? 'quiet' : ''].join(' ').trim();
    return el('td', { class: look || undefined, text: shown(row[name], kind) });
  })));
  return el('table', { class: 'grid' }, el('thead', {}, el('tr', {}, ...heads)), el('tbody', {}, ...lines));
}

function sorted(rows, sort) {
  if (!sort) return rows;
  const order = (a, b) => (isNumber(a) && isNumber(b) ? a - b : String(a ?? '').localeCompare(String(b ?? '')));
  return [...rows].sort((a, b) => order(a[sort.name], b[sort.name]) * (sort.down ? -1 : 1));
}

/** Draws the chart that fits into `root`; keeps the one that is there if it still fits. Returns whether there is one. */
export function chart(root, rows, columns) {
  const times = columns.find(({ kind, name }) => kind === 'time' && name !== 'window_end') ?? columns.find(({ kind }) => kind === 'time');
  const numbers = columns.filter(({ kind }) => kind === 'number');
  const labels = columns.filter(({ kind }) => kind === 'text');
  if (times && numbers.length && timeChart(root, rows, times.name, labels[0]?.name, numbers)) return true;
  clear(root);
  if (times || !numbers.length || rows.length < 2 || rows.length > 500) return false;
  return barChart(root, rows, columns, labels, numbers);
}

export function clear(root) {
  root.chart?.remove();
  root.chart = null;
  fill(root);
}

function timeChart(root, rows, timeName, labelName, numbers) {
  const moments = [...new Set(rows.map((row) => format.moment(row[timeName])))].filter(Number.isFinite).sort((a, b) => a - b);
  if (moments.length < 2) return false;
  let step = Infinity;
  for (let index = 1; index < moments.length; index += 1) step = Math.min(step, moments[index] - moments[index - 1]);
  const start = moments[0];
  const length = Math.round((moments.at(-1) - start) / step) + 1;
  // Windows are spaced evenly; single events are not, and a line through them would say nothing.
  const even = step >= 100 && length <= POINTS_MOST && moments.every((at) => (at - start) % step === 0);
  if (!even) return false;
  const columns = { start, step, length };
  const series = seriesOf(rows, labelName, numbers);
  for (const { key } of series) columns[key] = new Float64Array(length).fill(NaN);
  for (const row of rows) {
    const index = Math.round((format.moment(row[timeName]) - start) / step);
    for (const { key, take } of series) {
      const value = take(row);
      if (isNumber(value)) columns[key][index] = Number(value);
    }
  }
  const shape = series.map(({ label }) => label).join('\n');
  if (root.chart?.shape !== shape) {
    clear(root);
    root.chart = new TimeChart({ title: labelName ? numbers[0].name : '', series, format: (value) => format.join(format.count(value)) });
    root.chart.shape = shape;
    root.append(root.chart.node);
  }
  root.chart.update(columns);
  return true;
}

/** One series per value of the label column, or else one per number column. */
function seriesOf(rows, labelName, numbers) {
  if (!labelName) {
    return numbers.slice(0, SERIES_MOST).map(({ name }, index) => ({
      key: `y${index}`, label: name, color: palette[index], take: (row) => row[name],
    }));
  }
  const weights = new Map();
  const number = numbers[0].name;
  for (const row of rows) weights.set(row[labelName], (weights.get(row[labelName]) ?? 0) + Number(row[number] ?? 0));
  const labels = [...weights].sort((a, b) => b[1] - a[1]).slice(0, SERIES_MOST).map(([label]) => label);
  return labels.sort().map((label, index) => ({
    key: `y${index}`, label: String(label ?? 'NULL'), color: palette[index],
    take: (row) => (row[labelName] === label ? row[number] : undefined),
  }));
}

function barChart(root, rows, columns, labels, numbers) {
  // Without a text column the first number is the label, as in `GROUP BY http.response.status_code`.
  const named = labels.length ? labels : numbers.length > 1 ? [numbers[0]] : [];
  const measure = numbers.find((column) => !named.includes(column));
  if (!named.length || !measure) return false;
  const best = [...rows].sort((a, b) => (b[measure.name] ?? 0) - (a[measure.name] ?? 0)).slice(0, BARS_MOST);
  const most = Math.max(...best.map((row) => Math.abs(row[measure.name] ?? 0))) || 1;
  const bars = best.map((row) => {
    const length = el('span', { class: 'bar' });
    length.style.width = `${Math.max(0.5, (Math.abs(row[measure.name] ?? 0) / most) * 100)}%`;
    const label = named.map(({ name }) => String(row[name] ?? 'NULL')).join(' · ');
    return el('li', { class: 'bar-row', title: label }, length, el('span', { class: 'bar-label', text: label }),
      el('span', { class: 'bar-value num', text: shown(row[measure.name], 'number') }));
  });
  root.append(el('figure', { class: 'card list' }, el('figcaption', {}, el('h2', { text: measure.name })), el('ol', { class: 'bars' }, ...bars)));
  return true;
}
