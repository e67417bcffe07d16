// The SQL box: a query of the reader's own, stored or live.
import * as api from './api.js';
import { el, fill, find, setText } from './dom.js';
import * as format from './format.js';
import { isNumber } from './numbers.js';
import * as results from './results.js';
import * as sql from './sql.js';
import { change, state, view } from './state.js';

const ROWS_MOST = 10_000;
const LIVE_ROWS_MOST = 1000;
const DRAW_EVERY_MILLISECONDS = 300;

let parts = null;
let running = null;
let rows = [];
let sort = null;
let drawn = 0;
let timer = 0;

export function mount(root) {
  parts = {
    text: find('textarea', root), live: find('#sql-live', root), run: find('#sql-run', root), note: find('.note', root),
    message: find('.message', root), chart: find('.answer-chart', root), table: find('.scroll', root),
    examples: find('#sql-examples', root), save: find('#sql-save', root),
  };
  sql.examples.forEach(([name], index) => parts.examples.append(el('option', { value: index, text: name })));
  parts.examples.addEventListener('change', () => {
    if (parts.examples.value === '') return;
    parts.text.value = sql.examples[Number(parts.examples.value)][1];
    parts.examples.value = '';
    fit();
    run();
  });
  parts.run.addEventListener('click', () => (running ? stop() : run()));
  parts.text.addEventListener('input', fit);
  parts.text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    }
    if (event.key === 'Escape') parts.text.blur();
  });
  parts.live.addEventListener('change', () => running && run());
  parts.save.addEventListener('click', save);
}

/** Shows the query of the URL, and runs it if there is one. */
export function show() {
  parts.live.checked = state.sqlLive;
  if (parts.text.value === state.sql && state.sql) return;
  parts.text.value = state.sql || sql.examples[0][1];
  fit();
  if (state.sql) run();
}

export const focus = () => parts.text.focus();

function fit() {
  parts.text.rows = Math.min(18, Math.max(4, parts.text.value.split('\n').length));
}

/** Ends a live query: nobody sees its rows. */
export const leave = () => running && state.sqlLive && stop('Stopped.');

function stop(text) {
  running?.stop();
  running = null;
  setText(parts.run, 'Run');
  if (text !== undefined) setText(parts.note, text);
}

function run() {
  stop();
  const text = parts.text.value.trim().replace(/;\s*$/, '');
  if (!text) return;
  change({ sql: text, sqlLive: parts.live.checked });
  rows = [];
  sort = null;
  drawn = 0;
  parts.message.hidden = true;
  parts.save.hidden = true;
  setText(parts.run, 'Stop');
  setText(parts.note, 'Running…');
  if (state.sqlLive) runLive(text);
  else runStored(text);
}

async function runStored(text) {
  const abort = new AbortController();
  const mine = (running = { stop: () => abort.abort() });
  const range = view();
  const to = range.live ? api.now() : range.to;
  const from = range.live ? to - range.seconds * 1000 : range.from;
  const started = performance.now();
  try {
    rows = await api.stored({ query: text, from, to, signal: abort.signal, limit: ROWS_MOST });
    if (running !== mine) return;
    const took = format.join(format.duration((performance.now() - started) * 1e6));
    const most = rows.cutAt || rows.length === ROWS_MOST ? ` (the first; narrow the query or add LIMIT)` : '';
    stop(`${rowCount(rows.length)}${most} over ${format.span(range.seconds)}, ${took}`);
    draw();
  } catch (error) {
    if (running === mine) fail(error);
  }
}

function runLive(text) {
  const mine = (running = api.follow({
    query: text,
    keep: LIVE_ROWS_MOST,
    onRows: (more) => {
      rows.push(...more);
      if (rows.length > LIVE_ROWS_MOST) rows = rows.slice(-LIVE_ROWS_MOST);
      drawSoon();
    },
    onState: (name, detail) => {
      if (running !== mine && running !== null && mine !== undefined) return;
      if (name === 'live') setText(parts.note, 'Live: rows appear as they happen, windows when they close.');
      if (name === 'waiting') setText(parts.note, `Connection lost; trying again in ${format.span(Math.ceil(detail))}.`);
      if (name === 'error') fail(detail);
    },
  }));
}

function drawSoon() {
  if (timer) return;
  timer = setTimeout(() => {
    timer = 0;
    draw();
  }, Math.max(0, drawn + DRAW_EVERY_MILLISECONDS - performance.now()));
}

function draw() {
  drawn = performance.now();
  const columns = results.columnsOf(rows);
  if (!rows.length) {
    results.clear(parts.chart);
    fill(parts.table, el('p', { class: 'quiet', text: 'The query ran and found no rows. Widen the time range, or relax a condition.' }));
    return;
  }
  results.chart(parts.chart, rows, columns);
  const order = state.sqlLive && !sort ? [...rows].reverse() : rows;
  fill(parts.table, results.table(order, columns, sort, (name) => {
    sort = { name, down: sort?.name === name ? !sort.down : true };
    draw();
  }));
  parts.save.hidden = false;
  if (state.sqlLive && running) setText(parts.note, `Live, ${rowCount(rows.length)} kept`);
}

const rowCount = (count) => `${format.whole(count)} row${count === 1 ? '' : 's'}`;

/** Says what is wrong, where, and what to do; points at the place in the text. */
function fail(error) {
  stop('');
  results.clear(parts.chart);
  fill(parts.table);
  const lines = parts.text.value.split('\n');
  const line = lines[error.line - 1];
  const where = error.line ? `Line ${error.line}, column ${error.column}: ` : '';
  const children = [el('p', {}, el('b', { text: where }), format.sentence(error.message))];
  if (line !== undefined) {
    const column = Math.max(1, error.column ?? 1);
    children.push(el('pre', { text: `${line}\n${' '.repeat(column - 1)}^` }));
    const start = lines.slice(0, error.line - 1).join('\n').length + (error.line > 1 ? 1 : 0) + column - 1;
    if (document.activeElement === parts.text) {
      const word = parts.text.value.slice(start).match(/^[\w.@]+/)?.[0].length ?? 1;
      parts.text.setSelectionRange(start, start + word);
    }
  }
  if (error.suggestion) children.push(el('p', { text: format.sentence(error.suggestion) }));
  if (!(error instanceof api.QueryError)) children.push(el('p', { text: 'The server did not answer. Is it running? Run the query again when it is.' }));
  fill(parts.message, ...children);
  parts.message.hidden = false;
}

function save() {
  const names = results.columnsOf(rows).map(({ name }) => name);
  const field = (value) => {
    const isList = typeof value === 'object' && !isNumber(value);
    const text = value === null || value === undefined ? '' : isList ? JSON.stringify(value) : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [names.map(field), ...rows.map((row) => names.map((name) => field(row[name])))];
  const address = URL.createObjectURL(new Blob([lines.map((line) => line.join(',')).join('\r\n')], { type: 'text/csv' }));
  el('a', { href: address, download: 'squilla-query.csv' }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
