// The list of jobs and of the clusters that launch them.
import * as api from './api.js';
import { drawSpark } from './chart.js';
import { el, fill, find, setText } from './dom.js';
import * as format from './format.js';
import { ago, badge, counters, link, marks, microseconds, setBadge, size } from './jobview.js';
import { Rates } from './rates.js';

const columns = [
  { name: 'Job', class: 'j-name' }, { name: 'State', class: 'j-state' },
  { name: 'In', class: 'right', title: 'Rows read per second' },
  { name: 'Out', class: 'right', title: 'Rows written per second' },
  { name: 'Lag', class: 'right', title: 'Rows that are there and were not read yet' },
  { name: 'Late', class: 'right', title: 'Rows that came after their window had answered' },
  { name: 'Dead letters', class: 'right', title: 'Rows that no step could make anything of' },
  { name: 'State size', class: 'right' }, { name: 'Restarts', class: 'right' },
  { name: 'Checkpoint', class: 'right', title: 'When the last one was on disk' },
];

let parts = null;
/** By name of the job: its row, and the rates of its counters. */
const rows = new Map();

export function mount(root, { act }) {
  const heads = columns.map(({ name, class: look, title }) => el('th', { scope: 'col', class: look, title, text: name }));
  parts = {
    summary: find('.note', root), empty: find('#jobs-empty', root), body: el('tbody', { role: 'rowgroup' }), act,
    clusters: find('#clusters', root), clusterBody: find('#clusters tbody', root),
  };
  find('#jobs-table', root).append(el('table', { class: 'grid jobs', role: 'table' },
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...heads)), parts.body));
}

/** Asks for the jobs and the clusters, and shows them. */
export async function refresh(signal) {
  const jobs = await api.jobs(signal);
  const at = performance.now();
  if (signal.aborted) return;
  show(jobs, at);
  const clusters = await api.clusters(signal);
  if (!signal.aborted) showClusters(clusters);
}

function show(jobs, at) {
  const sorted = [...jobs].sort((a, b) => a.name.localeCompare(b.name));
  for (const name of rows.keys()) if (!sorted.some((job) => job.name === name)) rows.delete(name);
  for (const job of sorted) {
    if (!rows.has(job.name)) rows.set(job.name, { ...row(job), rates: new Rates() });
    write(rows.get(job.name), job, at);
  }
  const nodes = sorted.map(({ name }) => rows.get(name).node);
  // Rows that stay are left alone, so that what has the focus keeps it.
  if (nodes.length !== parts.body.children.length || nodes.some((node, index) => parts.body.children[index] !== node)) {
    fill(parts.body, ...nodes);
  }
  for (const { spark, rates } of rows.values()) drawSpark(spark, rates.history('in'), '--c2');
  parts.empty.hidden = sorted.length > 0;
  find('#jobs-table').hidden = sorted.length === 0;
  const counts = new Map();
  for (const { state } of sorted) counts.set(state, (counts.get(state) ?? 0) + 1);
  setText(parts.summary, [...counts].map(([state, count]) => `${count} ${state}`).join(', '));
}

function row(job) {
  const cells = columns.map(({ name, class: look }) =>
    el('td', { role: 'cell', class: look === 'right' ? 'right num' : look, 'data-label': name }));
  const spark = el('canvas', { class: 'row-spark', 'aria-hidden': 'true' });
  const rate = el('span');
  const state = badge(job.state);
  const note = el('span', { class: 'quiet' });
  cells[0].append(link(job.name), note);
  cells[1].append(state);
  cells[2].append(spark, rate);
  return { node: el('tr', { role: 'row' }, ...cells), cells, spark, rate, state, note };
}

function write({ cells, rates, rate, state, note }, job, at) {
  rates.add(at, counters(job));
  setText(note, marks(job));
  setBadge(state, job.state);
  setText(rate, format.join(format.rate(rates.perSecond('in'))));
  const texts = [
    format.join(format.rate(rates.perSecond('out'))), format.whole(job.lag_rows), format.whole(job.late_rows),
    format.whole(job.dead_rows), size(job.state_bytes), format.whole(job.restarts),
    job.checkpoint ? ago(job.checkpoint.time, api.now()) : '–',
  ];
  texts.forEach((text, index) => setText(cells[index + 3], text));
  cells[5].classList.toggle('is-warned', job.late_rows > 0);
  cells[6].classList.toggle('is-warned', job.dead_rows > 0);
  cells[8].classList.toggle('is-warned', job.restarts > 0);
  if (job.checkpoint) {
    cells[9].title = `${size(job.checkpoint.bytes)} in ${microseconds(job.checkpoint.duration_us)}, the job stood still for ${microseconds(job.checkpoint.pause_us)}`;
  }
}

// Clusters

const sla = ({ sla_min: least, sla_max: most }) =>
  (most === undefined || most === null ? (least > 0 ? `at least ${least}` : 'none') : `${least} to ${most}`);

function whenNext(text) {
  const at = format.moment(text);
  const day = format.day(at);
  return `${day === format.day(api.now()) ? '' : `${day} `}${format.time(at, 'minute')}`;
}

/** On a narrow screen these take a line of their own. */
const looks = { Cluster: 'j-name j-wide', Schedule: 'j-wide', Jobs: 'j-wide', 'Last note': 'j-wide' };

let shown = '';

function showClusters(clusters) {
  parts.clusters.hidden = clusters.length === 0;
  const text = JSON.stringify(clusters);
  if (text === shown) return;
  shown = text;
  const focused = parts.clusterBody.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  fill(parts.clusterBody, ...clusters.map(cluster));
  if (focused) [...parts.clusterBody.querySelectorAll('[data-key]')].find((node) => node.dataset.key === focused)?.focus();
}

function cluster(info) {
  const { name, version, versions, enabled, cron, jobs } = info;
  const cells = [
    ['Cluster', el('b', { text: name }), el('span', { class: 'quiet', text: marks(info) })],
    ['Version', versions.length > 1 ? `${version} of ${versions.length}` : String(version)],
    ['SLA', sla(info)],
    ['Schedule', cron ? `${cron} (${info.time_zone})${info.next_fire ? `, next ${whenNext(info.next_fire)}` : ''}` : '–'],
    ['Jobs', ...(jobs.length ? jobs.flatMap((job, index) => (index ? [', ', link(job)] : [link(job)])) : ['–'])],
    ['Last note', info.notes.length ? info.notes.at(-1).message : '–'],
  ].map(([label, ...children]) => el('td', { role: 'cell', class: looks[label], 'data-label': label }, ...children));
  const button = (text, action) => el('button', {
    type: 'button', class: 'button', text, 'data-key': `${action} ${name}`, 'aria-label': `${text} ${name}`,
    onclick: () => parts.act('clusters', name, action, info),
  });
  return el('tr', { role: 'row' }, ...cells, el('td', { role: 'cell', class: 'right j-actions' },
    button('Launch', 'launch'), enabled ? button('Disable', 'disable') : button('Enable', 'enable')));
}
