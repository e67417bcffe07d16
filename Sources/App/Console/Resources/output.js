// Live output of a job: the rows that come into the topic of one of its targets, newest first.
import * as api from './api.js';
import { el, fill, find, setText } from './dom.js';
import * as format from './format.js';
import { isNumber } from './numbers.js';
import { shown } from './results.js';

const ROWS_MOST = 100;
const ROWS_STORED = 20;
const ROWS_PER_SECOND = 100;
const COLUMNS_MOST = 40;
/** The job's own marks; every row has the same. */
const marks = new Set(['job.name', 'job.epoch']);
const DRAW_EVERY_MILLISECONDS = 250;

let parts = null;
let connection = null;
let loading = null;
let topic = '';
let waiting = [];
let columns = [];
let dropped = 0;
let held = false;

export function mount(root) {
  parts = {
    choice: find('select', root), label: find('.by', root), note: find('.note', root), message: find('.message', root), table: find('.scroll', root),
  };
  parts.choice.addEventListener('change', () => follow(parts.choice.value));
  parts.table.addEventListener('pointerenter', (event) => { held = event.pointerType === 'mouse'; });
  parts.table.addEventListener('pointerleave', () => { held = false; });
  setInterval(draw, DRAW_EVERY_MILLISECONDS);
}

/** `targets`: `[{name, topic}]`; those without a topic leave the log and can't be followed. */
export function show(targets) {
  const topics = [...new Set(targets.map((target) => target.topic).filter(Boolean))];
  const known = [...parts.choice.options].map(({ value }) => value);
  if (topics.join('\n') !== known.join('\n')) {
    fill(parts.choice, ...topics.map((name) => el('option', { value: name, text: name })));
    if (topics.includes(topic)) parts.choice.value = topic;
  }
  parts.label.hidden = topics.length < 2;
  if (!topics.length) {
    stop();
    const outside = targets.map(({ name }) => name).join(', ');
    return blank(outside ? `The rows go to ${outside}, outside of the log, and can't be followed here.` : 'The job has written nothing yet.');
  }
  if (!topics.includes(topic)) follow(topics[0]);
}

export function stop() {
  connection?.stop();
  loading?.abort();
  connection = loading = null;
  topic = '';
  waiting = [];
}

async function follow(name) {
  stop();
  topic = name;
  columns = [];
  dropped = 0;
  parts.message.hidden = true;
  blank('Waiting for rows…');
  const signal = (loading = new AbortController()).signal;
  try {
    const rows = await api.latestEvents(name, ROWS_STORED, signal);
    if (signal.aborted) return;
    waiting = [...rows, ...waiting];
  } catch (error) {
    if (signal.aborted) return;
    // The topic comes with the first row.
    if (error.status !== 404) showError(error);
  }
  connection = api.subscribe({
    query: `SELECT * FROM \`${name.replaceAll('`', '``')}\``, rowsPerSecond: ROWS_PER_SECOND, keep: ROWS_MOST,
    onRows: (rows) => {
      waiting.push(...rows);
      waiting.splice(0, Math.max(0, waiting.length - ROWS_MOST));
    },
    onMeta: (counts) => {
      dropped = (counts.over_events_per_second_rows ?? 0) + (counts.over_bytes_per_second_rows ?? 0)
        + (counts.unread_rows ?? 0) + (counts.dropped_rows ?? 0);
    },
    onState: (state, detail) => {
      if (state === 'error') showError(detail);
      parts.note.dataset.state = state;
    },
  });
}

function showError(error) {
  setText(parts.message, [error.message, error.suggestion].filter(Boolean).map(format.sentence).join(' '));
  parts.message.hidden = false;
}

function blank(text) {
  columns = [];
  if (find('.blank', parts.table)?.textContent !== text) fill(parts.table, el('p', { class: 'blank quiet', text }));
}

function draw() {
  if (!topic) return setText(parts.note, '');
  const state = parts.note.dataset.state === 'live' ? `Following ${topic}` : `Connecting to ${topic}…`;
  const lost = dropped ? `, ${format.whole(dropped)} rows not shown: at most ${ROWS_PER_SECOND} a second are` : '';
  setText(parts.note, held && waiting.length ? `${format.whole(waiting.length)} new, held while you look` : state + lost);
  if (held || !waiting.length) return;
  const rows = waiting;
  waiting = [];
  const names = [...new Set([...columns, ...rows.flatMap(Object.keys)])].filter((name) => !marks.has(name)).slice(0, COLUMNS_MOST);
  if (names.length !== columns.length) head(names, rows);
  const body = find('tbody', parts.table);
  body.prepend(...rows.reverse().map(line));
  while (body.children.length > ROWS_MOST) body.lastChild.remove();
}

/** A table for these columns; the rows that are there keep their cells, and get empty ones behind. */
function head(names, rows) {
  const old = [...(find('tbody', parts.table)?.children ?? [])];
  for (const row of old) for (let index = row.children.length; index < names.length; index += 1) row.append(cell(undefined));
  columns = names;
  const isRight = (name) => rows.some((row) => isNumber(row[name]));
  fill(parts.table, el('table', { class: 'grid' },
    el('thead', {}, el('tr', {}, ...names.map((name) => el('th', { scope: 'col', class: isRight(name) ? 'right' : undefined, text: name })))),
    el('tbody', {}, ...old)));
}

const line = (row) => el('tr', {}, ...columns.map((name) => cell(row[name])));

function cell(value) {
  const absent = value === null || value === undefined;
  const kind = format.looksLikeTime(value) ? 'time' : '';
  const text = shown(value, kind);
  const look = [isNumber(value) ? 'right num' : kind ? 'num' : '', absent ? 'quiet' : ''].join(' ').trim();
  return el('td', { class: look || undefined, text: value === undefined ? '' : text, title: text.length > 60 ? text : undefined });
}
