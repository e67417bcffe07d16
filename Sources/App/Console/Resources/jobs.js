// The pages of jobs: keeps what is on screen fresh, and carries out what is asked of a job.
import * as api from './api.js';
import { el, fill, find, setText } from './dom.js';
import * as format from './format.js';
import * as joblist from './joblist.js';
import * as jobpage from './jobpage.js';
import { isRunning } from './jobview.js';
import { state } from './state.js';

const LIST_EVERY_MILLISECONDS = 2000;
const JOB_EVERY_MILLISECONDS = 1000;
const RETRY_MOST_MILLISECONDS = 15_000;
const LABEL = '[A-Za-z0-9][A-Za-z0-9._\\-]{0,99}';

let parts = null;
let loop = null;
let tellConnection = () => {};

export function mount(root, { onConnection }) {
  tellConnection = onConnection;
  parts = {
    list: find('#job-list', root), page: find('#job-page', root), error: find('#jobs-error', root),
    missing: find('#job-missing', root), done: find('#jobs-done', root), dialog: find('#job-dialog'),
  };
  joblist.mount(parts.list, { act: ask });
  jobpage.mount(parts.page, { act: ask });
  mountDialog();
}

/** Shows what the address names, and keeps it fresh until `stop`. */
export function start() {
  stop();
  parts.list.hidden = Boolean(state.job);
  parts.page.hidden = !state.job;
  parts.missing.hidden = true;
  parts.error.hidden = true;
  setText(parts.done, '');
  document.title = state.job ? `${state.job} · Squilla jobs` : 'Squilla jobs';
  if (state.job) jobpage.open(state.job);
  refreshForever(state.job, (loop = new AbortController()).signal);
}

export function stop() {
  loop?.abort();
  loop = null;
  jobpage.close();
}

export const isOn = () => loop !== null;

async function refreshForever(job, signal) {
  let failures = 0;
  tellConnection('connecting');
  while (!signal.aborted) {
    let rest = job ? JOB_EVERY_MILLISECONDS : LIST_EVERY_MILLISECONDS;
    try {
      await (job ? jobpage.refresh(signal) : joblist.refresh(signal));
      if (signal.aborted) return;
      failures = 0;
      parts.error.hidden = true;
      parts.missing.hidden = true;
      parts.page.hidden = !job;
      tellConnection('live');
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      rest = Math.min(RETRY_MOST_MILLISECONDS, rest * 2 ** Math.min(failures, 5));
      fail(error, job, rest);
    }
    await api.pause(rest, signal);
  }
}

function fail(error, job, rest) {
  if (job && error.status === 404) {
    setText(find('p', parts.missing), `There is no job ${job}.`);
    parts.missing.hidden = false;
    parts.page.hidden = true;
    jobpage.close();
    return tellConnection('live');
  }
  // What is the page's own fault belongs on its console.
  if (!(error instanceof api.QueryError || error instanceof api.NoAnswer)) reportError(error);
  tellConnection('waiting', rest / 1000);
  showError(error);
}

function showError(error) {
  const query = error instanceof api.QueryError;
  fill(parts.error, el('b', { text: query ? 'The server refused. ' : 'No connection. ' }), query
    ? [error.message, error.suggestion].filter(Boolean).map(format.sentence).join(' ')
    : 'The edge does not answer. The page tries again by itself; check that squilla is running and reachable.');
  parts.error.hidden = false;
}

// Actions

/** What the dialog asks before each action: `[title, text, label of the button]`. */
const questions = {
  stop: (name) => [`Stop ${name}?`, 'It makes a last checkpoint, and goes on from there when it is restarted.', 'Stop'],
  savepoint: (name) => [`Savepoint of ${name}`, 'The next checkpoint is kept under this name, to go back to.', 'Keep it'],
  restart: (name) => [`Restart ${name}`, '', 'Restart'],
  launch: (name) => [`Launch a job of ${name}`, 'It gets these parameters.', 'Launch'],
};

let settle = null;

function mountDialog() {
  const { dialog } = parts;
  find('form', dialog).addEventListener('submit', () => settle?.(new FormData(find('form', dialog))));
  // The event comes late: by then the dialog may be open again for something else.
  dialog.addEventListener('close', () => dialog.open || settle?.(null));
}

/** Asks for what the action needs; null when the reader thinks better of it. */
function answer(kind, name, action, document) {
  const { dialog } = parts;
  const [title, text, label] = questions[action](name);
  setText(find('h2', dialog), title);
  setText(find('p', dialog), text);
  setText(find('.primary', dialog), label);
  fill(find('#job-fields'), ...fieldsOf(action, document));
  dialog.showModal();
  return new Promise((resolve) => {
    settle = (values) => {
      settle = null;
      resolve(values);
    };
  });
}

function fieldsOf(action, document) {
  if (action === 'stop') return [labelField('Keep a savepoint named (or leave empty)', false)];
  if (action === 'savepoint') return [labelField('Name', true)];
  if (action === 'launch') {
    return Object.entries(document.parameters).map(([name, value]) =>
      el('label', {}, name, ' ', el('input', { name: `p.${name}`, value, autocomplete: 'off', spellcheck: 'false' })));
  }
  const option = (value, text, checked) =>
    el('label', { class: 'radio' }, el('input', { type: 'radio', name: 'from', value, checked }), ' ', text);
  return [
    option('checkpoint', 'Go on from the last checkpoint', true),
    ...document.savepoints.map((label) => option(`savepoint ${label}`, `Go back to the savepoint ${label}`)),
    option('earliest', 'Forget the state, and read all that is kept'),
    option('latest', 'Forget the state, and read what comes from now on'),
  ];
}

const labelField = (text, required) => el('label', {}, text, ' ', el('input', {
  name: 'label', required, pattern: LABEL, maxlength: '100', autocomplete: 'off', spellcheck: 'false',
  title: 'Letters, digits, dots, dashes and underscores',
}));

function bodyOf(action, values) {
  if (action === 'launch') {
    const given = [...values].filter(([key]) => key.startsWith('p.')).map(([key, value]) => [key.slice(2), value]);
    return { parameters: Object.fromEntries(given) };
  }
  if (action === 'restart') {
    const from = values.get('from');
    if (from === 'checkpoint') return {};
    return from.startsWith('savepoint ') ? { savepoint: from.slice(10) } : { from };
  }
  const label = (values.get('label') ?? '').trim();
  if (!label) return {};
  return action === 'stop' ? { savepoint: label } : { label };
}

async function ask(kind, name, action, document) {
  const values = action in questions ? await answer(kind, name, action, document) : new FormData();
  if (!values) return;
  setText(parts.done, '');
  try {
    const result = await api.act(kind, name, action, bodyOf(action, values));
    parts.error.hidden = true;
    setText(parts.done, said(action, name, result));
    if (kind === 'jobs' && state.job === name) jobpage.show(result);
    else if (!state.job) await joblist.refresh(loop?.signal ?? AbortSignal.abort());
  } catch (error) {
    if (error.name !== 'AbortError') showError(error);
  }
}

function said(action, name, result) {
  switch (action) {
    case 'stop': return `${name} is ${result.state}.`;
    case 'savepoint': return `The savepoint of ${name} comes with its next checkpoint.`;
    case 'restart': return isRunning(result.state) ? `${name} runs again.` : `${name} is ${result.state}.`;
    case 'launch': return `${result.name} is ${result.state}.`;
    default: return `${name} is ${action}d.`;
  }
}
