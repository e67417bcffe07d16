// Header, filter bar, notices, dialogs and keys.
import * as api from './api.js';
import { el, fill, find, setText } from './dom.js';
import * as format from './format.js';
import { fields } from './sql.js';
import { addFilter, change, ranges, state, view, writeFilter } from './state.js';

const THEME_KEY = 'squilla.theme';
const STATUS_EVERY_MILLISECONDS = 20_000;
const themes = ['auto', 'light', 'dark'];
let countdown = 0;
let hooks = null;

export function mount(given) {
  hooks = given;
  mountTheme();
  mountRange();
  mountFilters();
  mountToken();
  for (const link of document.querySelectorAll('a[data-page]')) {
    link.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      change({ page: link.dataset.page, job: '' });
    });
  }
  find('#pause').addEventListener('click', togglePause);
  find('#help-open').addEventListener('click', () => find('#help').showModal());
  find('#empty-reset').addEventListener('click', () => change({ filters: [], fixed: null }));
  for (const close of document.querySelectorAll('dialog [data-close]')) {
    close.addEventListener('click', () => close.closest('dialog').close());
  }
  addEventListener('keydown', onKey);
  showServer();
}

/** Brings the controls in line with the state. */
export function show() {
  for (const button of document.querySelectorAll('[data-range]')) {
    button.setAttribute('aria-pressed', String(!state.fixed && button.dataset.range === state.range));
  }
  const custom = find('#range-custom');
  custom.setAttribute('aria-pressed', String(Boolean(state.fixed)));
  const { fixed } = state;
  const sameDay = fixed && format.day(fixed.from) === format.day(api.now());
  setText(custom, fixed
    ? `${sameDay ? '' : `${format.day(fixed.from)} `}${format.time(fixed.from)} – ${format.time(fixed.to)}` : 'Custom');
  const pause = find('#pause');
  setText(find('span', pause), state.fixed ? 'Go live' : 'Pause');
  pause.classList.toggle('is-fixed', Boolean(state.fixed));
  fill(find('#chips'), ...state.filters.map(chip));
  find('#filters-clear').hidden = state.filters.length === 0;
}

/** Brings the header in line with the page that is shown. */
export function showPage() {
  document.body.dataset.page = state.page;
  for (const link of document.querySelectorAll('#pages a')) {
    if (link.dataset.page === state.page) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

// Time range

function mountRange() {
  const box = find('#ranges');
  const dialog = find('#range-dialog');
  for (const name of Object.keys(ranges)) {
    box.insertBefore(el('button', {
      type: 'button', 'data-range': name, text: name, title: `The last ${format.span(ranges[name].seconds)}, live`,
      onclick: () => change({ range: name, fixed: null }),
    }), find('#range-custom'));
  }
  find('#range-custom').addEventListener('click', () => {
    const shown = view();
    const to = shown.live ? api.now() : shown.to;
    find('#range-from').value = localText(shown.live ? to - shown.seconds * 1000 : shown.from);
    find('#range-to').value = localText(to);
    dialog.showModal();
  });
  find('form', dialog).addEventListener('submit', (event) => {
    const from = Date.parse(find('#range-from').value);
    const to = Date.parse(find('#range-to').value);
    const wrong = !(to > from);
    find('#range-to').setCustomValidity(wrong ? 'The end must be after the start.' : '');
    if (wrong) {
      event.preventDefault();
      find('#range-to').reportValidity();
      return;
    }
    change({ fixed: { from, to } });
  });
  find('#range-to').addEventListener('input', () => find('#range-to').setCustomValidity(''));
}

/** The form `datetime-local` wants: local time without a zone. */
function localText(milliseconds) {
  const shifted = milliseconds - new Date(milliseconds).getTimezoneOffset() * 60_000;
  return new Date(shifted).toISOString().slice(0, 19);
}

/** Pausing fixes the range at what is on screen, so that the address can be shared. */
function togglePause() {
  if (state.fixed) return change({ fixed: null });
  const to = Math.floor(api.now() / 1000) * 1000;
  change({ fixed: { from: to - ranges[state.range].seconds * 1000, to } });
}

// Filters

function mountFilters() {
  const input = find('#filter-input');
  find('#fields').append(...fields.map((name) => el('option', { value: name })));
  find('#filter-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    input.value = '';
    addFilter({ sql: text });
  });
  find('#filters-clear').addEventListener('click', () => change({ filters: [] }));
}

function chip(filter) {
  const typed = filter.sql !== undefined;
  const value = filter.value === null ? 'none' : filter.value;
  const text = typed ? filter.sql : `${filter.field} ${filter.negated ? '≠' : '='} ${value}`;
  const without = () => state.filters.filter((each) => writeFilter(each) !== writeFilter(filter));
  const body = el('button', {
    type: 'button', class: 'chip-text', text,
    title: typed ? 'Click to edit this condition' : 'Click to turn the condition round',
    onclick: () => {
      if (!typed) return addFilter({ ...filter, negated: !filter.negated });
      find('#filter-input').value = filter.sql;
      change({ filters: without() });
      find('#filter-input').focus();
    },
  });
  const remove = el('button', {
    type: 'button', class: 'chip-remove', 'aria-label': `Remove the filter ${text}`, text: '×',
    onclick: () => change({ filters: without() }),
  });
  return el('li', { class: `chip${filter.negated ? ' is-negated' : ''}` }, body, remove);
}

// Notices

/** `name` as `follow` reports it, or `fixed`. */
export function showConnection(name, detail) {
  clearInterval(countdown);
  const badge = find('#connection');
  badge.dataset.state = name;
  const texts = { connecting: 'Connecting…', live: 'Live', fixed: 'Paused', error: 'Stopped' };
  setText(find('span', badge), texts[name] ?? '');
  if (name !== 'waiting') return;
  let left = Math.ceil(detail);
  const tell = () => {
    setText(find('span', badge), left > 0 ? `Offline, retry in ${left} s` : 'Connecting…');
    left -= 1;
  };
  tell();
  countdown = setInterval(tell, 1000);
}

/** Shows what went wrong with the page's own queries and what to do, or nothing. */
export function showError(error) {
  const box = find('#error');
  box.hidden = !error;
  if (!error) return;
  const query = error instanceof api.QueryError;
  const advice = !query
    ? 'The edge does not answer. The page tries again by itself; check that squilla is running and reachable.'
    : state.filters.length ? 'Check the conditions in the filter bar: click one to edit it, or remove it.' : '';
  fill(box, el('b', { text: query ? 'The query was refused. ' : 'No connection. ' }),
    query ? `${[error.message, error.suggestion].filter(Boolean).map(format.sentence).join(' ')} ` : '', advice);
}

/** The notice for a range without a single request. */
export function showEmpty(isEmpty, range, filtered) {
  find('#empty').hidden = !isEmpty;
  if (!isEmpty) return;
  const span = range.live ? `in the last ${format.span(range.seconds)}` : 'in this range';
  setText(find('#empty-text'), filtered
    ? `No request ${span} matches the filter.`
    : `No requests ${span}. Send one through the edge, and it shows here within a second:`);
  find('#empty-command').hidden = filtered;
  find('#empty-reset').hidden = !filtered && range.live;
  setText(find('#empty-reset'), filtered ? 'Remove the filters' : 'Go live');
}

async function showServer() {
  try {
    const { edge, version } = await api.status();
    const port = edge?.addresses?.[0]?.split(':').at(-1).replace(/\D.*$/, '');
    if (port) setText(find('#empty-command'), `curl -i http://${location.hostname}:${port}/`);
    setText(find('#server'), [edge?.name, version && `version ${version}`].filter(Boolean).join(' · '));
    const dropped = Number(edge?.dropped_events ?? 0);
    find('#dropped').hidden = dropped === 0;
    setText(find('#dropped'), `${format.join(format.count(dropped))} events dropped`);
  } catch {
    // The status only decorates the page; the queries report a server that does not answer.
  }
  setTimeout(showServer, STATUS_EVERY_MILLISECONDS);
}

// Token

function mountToken() {
  const dialog = find('#token-dialog');
  let settle = null;
  api.onTokenNeeded((wasWrong) => new Promise((resolve) => {
    settle = resolve;
    setText(find('#token-note'), wasWrong
      ? 'That token was not accepted. Check it and try again.'
      : 'This management address demands a token. It stays in this tab only.');
    find('#token').value = '';
    if (!dialog.open) dialog.showModal();
  }));
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  find('form', dialog).addEventListener('submit', () => settle?.(find('#token').value.trim()));
}

// Theme

function mountTheme() {
  const asked = new URLSearchParams(location.search).get('theme');
  applyTheme(themes.includes(asked) ? asked : localStorage.getItem(THEME_KEY) ?? 'auto');
  find('#theme').addEventListener('click', nextTheme);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => hooks.redraw());
}

function applyTheme(name) {
  document.documentElement.dataset.theme = name;
  find('#theme').setAttribute('aria-label', `Theme: ${name}`);
  find('#theme').title = `Theme: ${name} (t)`;
}

function nextTheme() {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const current = document.documentElement.dataset.theme;
  const isDark = current === 'dark' || (current === 'auto' && dark);
  const next = isDark ? 'light' : 'dark';
  localStorage.setItem(THEME_KEY, next);
  applyTheme(next);
  hooks.redraw();
}

// Keys

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (event.target.matches('input, textarea, select')) {
    if (event.key === 'Escape') event.target.blur();
    return;
  }
  const names = Object.keys(ranges);
  const actions = {
    t: nextTheme,
    j: () => change({ page: state.page === 'jobs' ? 'traffic' : 'jobs', job: '' }),
    '?': () => find('#help').showModal(),
  };
  if (state.page === 'traffic') {
    Object.assign(actions, {
      p: togglePause,
      '/': () => find('#filter-input').focus(),
      s: hooks.focusEditor,
      x: () => change({ filters: [] }),
    });
    names.forEach((name, index) => {
      actions[String(index + 1)] = () => change({ range: name, fixed: null });
    });
  }
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}
