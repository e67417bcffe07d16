// What the pages of jobs share: states, links, small pieces of text.
import { el } from './dom.js';
import * as format from './format.js';
import { change } from './state.js';

/** How a state looks, and what it means. */
const states = {
  accepted: ['idle', 'Known, and not running'],
  launched: ['wait', 'Its plan is made and its state loaded'],
  started: ['good', 'It reads its inputs'],
  restarting: ['wait', 'It failed, and is tried again after a pause'],
  failed: ['bad', 'It failed too often, or for a reason that another try does not change'],
  completed: ['done', 'Its inputs ended, and everything was written'],
  stopping: ['wait', 'It makes its last checkpoint'],
  stopped: ['idle', 'It was stopped, and goes on from its last checkpoint when it is restarted'],
};

export const isRunning = (state) => ['launched', 'started', 'restarting'].includes(state);

/** Shows a state in a node made by `badge`. */
export function setBadge(node, state) {
  if (node.textContent === state) return;
  const [look, meaning] = states[state] ?? ['idle', ''];
  node.className = `badge is-${look}`;
  node.title = meaning;
  node.textContent = state;
}

export function badge(state) {
  const node = el('span', {});
  setBadge(node, state);
  return node;
}

/** A link within the page: to the list of jobs, or to one of them. */
export function link(name, text = name) {
  const query = new URLSearchParams({ page: 'jobs' });
  if (name !== null) query.set('job', name);
  return el('a', {
    href: `?${query}`, text,
    onclick: (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      change({ page: 'jobs', job: name ?? '' });
      scrollTo(0, 0);
    },
  });
}

/** `12 s ago`, with the moment as its title. */
export function ago(text, now) {
  const at = format.moment(text);
  if (!Number.isFinite(at)) return '–';
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86_400)} days ago`;
}

/** Owner and labels, in one line. */
export const marks = ({ owner, labels = {} }) =>
  [owner, ...Object.entries(labels).map(([name, value]) => `${name}=${value}`)].filter(Boolean).join(' · ');

export const microseconds = (value) => format.join(format.duration(value * 1000));
export const size = (value) => format.join(format.bytes(value));

/** Counters of a job whose rates are shown. */
export function counters(job) {
  const values = { in: job.rows_in, out: job.rows_out };
  for (const { id, rows_out: out, rows_in: into, busy_us: busy } of job.plan?.nodes ?? []) {
    values[`${id}.in`] = into;
    values[`${id}.out`] = out;
    values[`${id}.busy`] = busy;
  }
  return values;
}
