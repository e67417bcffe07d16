// The live tail: requests one by one, newest first, with a condition of its own.
import * as api from './api.js';
import { el, fill, find, setText } from './dom.js';
import * as format from './format.js';
import * as sql from './sql.js';
import { addFilter, change, state, view } from './state.js';

const ROWS_MOST = 200;
const ROWS_AT_ONCE = 100;
const SKIPPED_SHOWN_MILLISECONDS = 5000;
const DRAW_EVERY_MILLISECONDS = 250;
const TYPING_PAUSE_MILLISECONDS = 600;
const LATEST = 60;
const LATEST_WITHIN_SECONDS = [60, 900];

let parts = null;
let connection = null;
let loading = null;
let waiting = [];
let skipped = 0;
let skippedAt = 0;
let held = false;
/** The stored requests are on screen; before, live ones wait. */
let isLoaded = false;

export function mount(root) {
  parts = {
    body: find('tbody', root), input: find('input', root), message: find('.message', root), note: find('.note', root),
  };
  let timer = 0;
  const apply = () => {
    clearTimeout(timer);
    if (parts.input.value !== state.tail) change({ tail: parts.input.value }, { remember: false });
  };
  parts.input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(apply, TYPING_PAUSE_MILLISECONDS);
  });
  parts.input.addEventListener('keydown', (event) => event.key === 'Enter' && apply());
  // Rows must not move under the pointer of someone who wants to click one.
  const table = find('.scroll', root);
  const hold = (value) => () => {
    held = value;
    note();
  };
  table.addEventListener('pointerenter', (event) => event.pointerType === 'mouse' && hold(true)());
  table.addEventListener('pointerleave', hold(false));
  table.addEventListener('focusin', (event) => event.target.matches(':focus-visible') && hold(true)());
  table.addEventListener('focusout', hold(false));
  setInterval(draw, DRAW_EVERY_MILLISECONDS);
}

export function stop() {
  connection?.stop();
  loading?.abort();
  connection = null;
  waiting = [];
  skipped = 0;
  isLoaded = false;
}

/** Shows the latest stored requests and, while live, follows the new ones. */
export async function start(onState) {
  stop();
  if (parts.input.value !== state.tail) parts.input.value = state.tail;
  parts.message.hidden = true;
  const signal = (loading = new AbortController()).signal;
  const range = view();
  if (range.live) {
    connection = api.follow({
      query: sql.tail(state.filters, state.tail),
      keep: ROWS_AT_ONCE,
      onRows: (rows, lost) => {
        waiting.push(...rows);
        skip(lost);
      },
      onState: (name, detail) => {
        if (name === 'error') showError(detail);
        onState(name, detail);
      },
    });
  }
  try {
    const rows = range.live ? await latest(signal) : await api.stored({
      query: sql.latest(state.filters, state.tail, ROWS_MOST), from: range.from, to: range.to, signal,
    });
    if (signal.aborted) return;
    fill(parts.body, ...rows.map(line));
    if (!rows.length) fill(parts.body, blank(range.live ? 'Waiting for requests…' : 'No requests in this range.'));
    // What was stored meanwhile came on both ways.
    const newest = rows.length ? format.moment(rows[0].ts) : -Infinity;
    waiting = waiting.filter((row) => format.moment(row.ts) > newest);
  } catch (error) {
    if (!signal.aborted) showError(error);
  }
  if (!signal.aborted) isLoaded = true;
}

/** The newest stored requests: of the last minute, or where that is quiet of a longer time. */
async function latest(signal) {
  const query = sql.latest(state.filters, state.tail, LATEST);
  let rows = [];
  for (const seconds of LATEST_WITHIN_SECONDS) {
    rows = await api.stored({ query, from: api.now() - seconds * 1000, to: api.now(), signal });
    if (rows.length >= LATEST / 3 || signal.aborted) break;
  }
  return rows;
}

function showError(error) {
  setText(parts.message, [error.message, error.suggestion].filter(Boolean).map(format.sentence).join(' '));
  parts.message.hidden = false;
}

function skip(count) {
  if (count <= 0) return;
  skipped += count;
  skippedAt = performance.now();
}

function note() {
  if (performance.now() - skippedAt > SKIPPED_SHOWN_MILLISECONDS) skipped = 0;
  const text = held && waiting.length ? `${format.whole(waiting.length)} new, held while you look` : '';
  setText(parts.note, text || (skipped ? `${format.whole(skipped)} not drawn: too many to read` : ''));
}

function draw() {
  if (waiting.length > ROWS_MOST) {
    skip(waiting.length - ROWS_MOST);
    waiting = waiting.slice(-ROWS_MOST);
  }
  note();
  if (held || !isLoaded || !waiting.length) return;
  skip(waiting.length - ROWS_AT_ONCE);
  const rows = waiting.slice(-ROWS_AT_ONCE).reverse();
  waiting = [];
  find('.blank', parts.body)?.remove();
  parts.body.prepend(...rows.map(line));
  while (parts.body.children.length > ROWS_MOST) parts.body.lastChild.remove();
}

const blank = (text) => el('tr', { class: 'blank' }, el('td', { colspan: '8', class: 'quiet', text }));

function cell(name, field, value, text, hint) {
  if (value === null || value === undefined || value === '') return el('td', { class: `${name} quiet`, text: '–' });
  const button = el('button', {
    type: 'button', class: 'pick', tabindex: '-1', text, title: hint ?? text,
    onclick: (event) => addFilter({ field, value: String(value), negated: event.altKey }),
  });
  return el('td', { class: name }, button);
}

function line(row) {
  const at = format.moment(row.ts);
  const code = String(row.code ?? '');
  const path = row.path + (row.qs ? `?${row.qs}` : '');
  return el('tr', {},
    el('td', { class: 't-time num', text: format.time(at, 'milli'), title: new Date(at).toISOString() }),
    cell(`t-code num status-${code[0]}`, 'http.response.status_code', row.code, code),
    cell('t-verb', 'http.request.method', row.verb, row.verb),
    cell('t-path', 'url.path', row.path, path, `${row.host ?? ''}${path}`),
    cell(`t-cache cache-${row.outcome}`, 'cache.status', row.outcome, row.outcome),
    el('td', { class: 't-took num', text: format.join(format.duration(Number(row.took))) }),
    el('td', { class: 't-size num', text: format.join(format.bytes(Number(row.size))) }),
    cell('t-ip num', 'client.ip', row.ip, row.ip, `${row.ip}\n${row.agent ?? ''}`));
}
