// Top lists: stored queries over the range, one after the other, asked again at a pace the server can bear.
import * as api from './api.js';
import { el, fill, setText } from './dom.js';
import * as format from './format.js';
import * as sql from './sql.js';
import { addFilter, change, state } from './state.js';

const lists = [
  { title: 'Paths', fields: ['url.path'] },
  { title: 'Clients', fields: ['client.ip'] },
  { title: 'User agents', fields: ['user_agent.original'], absent: 'no user agent' },
  { title: 'Status codes', fields: ['http.response.status_code'] },
  { title: 'Cache', fields: ['cache.status'] },
  { title: 'Origin errors', fields: ['origin.address', 'origin.status_code', 'error.code'], measure: 'requests',
    where: "(origin.status_code >= 500 OR error.source = 'origin')", bad: true,
    empty: 'No origin failed in this range.' },
];

const units = {
  requests: format.count, misses: format.count, errors: format.count, bytes: format.bytes, time: format.duration,
};

export function mount(root, measureSelect) {
  for (const [key, { label }] of Object.entries(sql.measures)) {
    measureSelect.append(el('option', { value: key, text: label }));
  }
  measureSelect.addEventListener('change', () => change({ measure: measureSelect.value }));
  for (const list of lists) {
    list.body = el('ol', { class: 'bars' }, el('li', { class: 'quiet', text: 'Loading…' }));
    list.node = el('section', { class: 'card list' }, el('h2', { text: list.title }), list.body);
    root.append(list.node);
  }
}

/** Asks for every list; returns when all are drawn. Errors are thrown to the caller. */
export async function refresh(range, signal) {
  const measure = sql.measures[state.measure] ? state.measure : 'requests';
  for (const list of lists) {
    const rows = await api.stored({ query: sql.top(list, state.filters, measure), ...range, signal });
    if (signal.aborted) return;
    draw(list, rows, units[list.measure ?? measure]);
  }
}

function draw(list, rows, unit) {
  if (!rows.length) {
    fill(list.body, el('li', { class: 'quiet', text: list.empty ?? 'Nothing in this range.' }));
    return;
  }
  const focused = list.body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const most = Math.max(...rows.map((row) => Number(row.n)));
  fill(list.body, ...rows.map((row) => bar(list, row, Number(row.n) / most, format.join(unit(Number(row.n))))));
  if (focused !== null) {
    [...list.body.querySelectorAll('button')].find((button) => button.dataset.key === focused)?.focus();
  }
}

function bar(list, row, share, value) {
  const values = list.fields.map((_, index) => row[`v${index}`]);
  const known = values.filter((each) => each !== null && each !== undefined && each !== '');
  const label = known.length ? known.join(' · ') : (list.absent ?? 'none');
  const length = el('span', { class: 'bar' });
  length.style.width = `${Math.max(0.5, share * 100)}%`;
  const button = el('button', {
    type: 'button', class: `bar-row${list.bad ? ' is-bad' : ''}`, title: `${label}\nClick: only this. Alt-click: not this.`,
    'data-key': label,
    onclick: (event) => list.fields.forEach((field, index) => {
      const one = values[index];
      if (event.altKey && index > 0) return;
      addFilter({ field, value: one === null || one === undefined ? null : String(one), negated: event.altKey });
    }),
  }, length, el('span', { class: 'bar-label', text: label }), el('span', { class: 'bar-value num', text: value }));
  if (list.fields[0] === 'http.response.status_code') button.classList.add(`status-${String(values[0])[0]}`);
  return el('li', {}, button);
}

export function showMeasure(measureSelect) {
  const key = sql.measures[state.measure] ? state.measure : 'requests';
  if (measureSelect.value !== key) measureSelect.value = key;
  for (const list of lists) if (!list.measure) setText(list.node.firstChild, list.title);
}
