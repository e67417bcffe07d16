// One job: its figures, its plan as a graph, checkpoints, what happened to it, and its output.
import * as api from './api.js';
import { el, fill, find, setText } from './dom.js';
import * as format from './format.js';
import { ago, counters, isRunning, marks, microseconds, setBadge, size } from './jobview.js';
import * as output from './output.js';
import { busyShare, busyText, PlanGraph } from './plan.js';
import { Rates } from './rates.js';
import { quote } from './sql.js';
import { change } from './state.js';

const LOG_EVERY = 3;
const LOG_LINES_MOST = 50;

const facts = [
  { key: 'in', label: 'Rows in', hint: 'Read per second, and in all' },
  { key: 'out', label: 'Rows out', hint: 'Written per second, and in all' },
  { key: 'lag', label: 'Lag', hint: 'Rows that are there and were not read yet' },
  { key: 'time', label: 'Event time', hint: 'How far the watermark is behind the clock' },
  { key: 'state', label: 'State', hint: 'What the steps keep in memory' },
  { key: 'late', label: 'Late rows', hint: 'They came after their window had answered' },
  { key: 'dead', label: 'Dead letters', hint: 'Rows that no step could make anything of' },
  { key: 'restarts', label: 'Restarts', hint: 'After failures' },
];

let parts = null;
let graph = null;
let rates = new Rates();
let name = '';
let round = 0;
/** The job as it was shown last. */
export let shown = null;

export function mount(root, { act }) {
  parts = {
    title: find('#job-title', root), badge: find('#job-state', root), marks: find('#job-marks', root),
    failure: find('#job-failure', root), facts: find('#facts', root), note: find('#plan-note', root),
    steps: find('#steps tbody', root), checkpoints: find('#checkpoints', root), log: find('#job-log', root),
    sql: find('#job-sql', root), sinks: find('#sinks', root), stop: find('#job-stop', root),
    savepoint: find('#job-savepoint', root), restart: find('#job-restart', root),
  };
  graph = new PlanGraph(find('#plan', root));
  for (const fact of facts) {
    fact.value = el('dd', { class: 'fact-value num', text: '–' });
    fact.note = el('dd', { class: 'fact-note num' });
    parts.facts.append(el('div', { class: 'fact', title: fact.hint }, el('dt', { text: fact.label }), fact.value, fact.note));
  }
  for (const action of ['stop', 'savepoint', 'restart']) {
    parts[action].addEventListener('click', () => shown && act('jobs', shown.name, action, shown));
  }
  output.mount(find('#output', root));
}

/** Begins with another job. */
export function open(job) {
  name = job;
  round = 0;
  shown = null;
  rates = new Rates();
  graph.clear();
  output.stop();
  setText(parts.title, job);
  setText(parts.badge, '');
  parts.badge.className = '';
  setText(parts.marks, '');
  setText(parts.note, 'Loading…');
  parts.failure.hidden = true;
  for (const { value, note } of facts) {
    setText(value, '–');
    setText(note, '');
  }
  for (const node of [parts.steps, parts.log, parts.sinks]) fill(node);
  fill(parts.checkpoints, el('p', { class: 'blank quiet', text: 'Loading…' }));
  setText(parts.sql, '');
  for (const button of [parts.stop, parts.savepoint, parts.restart]) button.disabled = true;
}

export const close = () => output.stop();

/** Asks for the job and shows it. */
export async function refresh(signal) {
  const job = await api.job(name, signal);
  if (signal.aborted) return;
  show(job);
  if (round % LOG_EVERY === 0) {
    const lines = await api.jobLog(name, signal);
    if (!signal.aborted) showLog(lines);
  }
  round += 1;
}

/** Shows the answer of an action at once. */
export function show(job) {
  if (job.name !== name) return;
  if (shown?.state !== job.state) round = 0;
  shown = job;
  rates.add(performance.now(), counters(job));
  setBadge(parts.badge, job.state);
  setText(parts.marks, marks(job));
  parts.failure.hidden = !job.failure || job.state === 'started';
  setText(parts.failure, job.failure ? format.sentence(job.failure) : '');
  const running = isRunning(job.state);
  parts.stop.disabled = !running;
  parts.savepoint.disabled = job.state !== 'started';
  parts.restart.disabled = running || job.state === 'stopping';
  showFacts(job);
  showPlan(job);
  showCheckpoints(job);
  showSinks(job.sinks);
  setText(parts.sql, job.sql);
  output.show(targets(job));
}

const fact = (key) => facts.find((each) => each.key === key);

function setFact(key, value, note = '', isBad = false) {
  const { value: figure, note: line } = fact(key);
  setText(figure, value);
  setText(line, note);
  figure.classList.toggle('is-warned', isBad);
}

function showFacts(job) {
  const running = job.state === 'started';
  const rate = (key) => (running ? format.join(format.rate(rates.perSecond(key))) : '–');
  setFact('in', rate('in'), `${format.join(format.count(job.rows_in))} in all`);
  setFact('out', rate('out'), `${format.join(format.count(job.rows_out))} in all`);
  setFact('lag', format.join(format.count(job.lag_rows)), job.lag_rows === 1 ? 'row' : 'rows');
  const behind = api.now() - format.moment(job.watermark);
  const known = running && Number.isFinite(behind);
  const ahead = job.clock_ahead_us > 0 ? `an event was ${microseconds(job.clock_ahead_us)} ahead` : '';
  setFact('time', known ? format.span(Math.max(0, Math.round(behind / 100) / 10)) : '–',
    ahead || (known ? 'behind the clock' : running ? 'no events yet' : 'it does not run'));
  setFact('state', size(job.state_bytes), 'in memory');
  setFact('late', format.join(format.count(job.late_rows)), 'not counted in', job.late_rows > 0);
  const hasDead = job.dead_rows > 0 && job.dead_letter_topic;
  setFact('dead', format.join(format.count(job.dead_rows)), hasDead ? 'Show them' : 'in all', job.dead_rows > 0);
  if (hasDead && !find('button', fact('dead').note)) fill(fact('dead').note, deadLetters(job));
  setFact('restarts', format.whole(job.restarts), 'after failures', job.restarts > 0);
}

/** A link to the SQL box with the job's dead letters. */
function deadLetters({ name: job, dead_letter_topic: topic }) {
  const query = `SELECT * FROM \`${topic}\`\nWHERE job.name = ${quote(job)}\nORDER BY @timestamp DESC\nLIMIT 50`;
  return el('button', {
    type: 'button', class: 'link', text: 'Show them', onclick: () => change({ page: 'traffic', job: '', sql: query, sqlLive: false }),
  });
}

function showPlan(job) {
  const { plan } = job;
  setText(parts.note, !plan ? 'It comes when the job has started.' : job.state === 'started' ? '' : 'As of the last run.');
  if (!plan) return graph.clear();
  graph.update(plan, rates);
  while (parts.steps.children.length > plan.nodes.length) parts.steps.lastChild.remove();
  const kinds = ['source', 'step', 'sink'];
  [...plan.nodes].sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind)).forEach((node, index) => {
    let row = parts.steps.children[index];
    if (!row) parts.steps.append(row = el('tr', {}, el('th', { scope: 'row' }), ...Array.from({ length: 9 }, (_, cell) => el('td', { class: cell > 1 ? 'right num' : undefined }))));
    const share = busyShare(node, rates);
    const behind = format.moment(node.watermark);
    [
      node.name, node.kind, node.detail ?? '', format.join(format.rate(rates.perSecond(`${node.id}.in`))),
      format.join(format.rate(rates.perSecond(`${node.id}.out`))), format.whole(node.rows_in), format.whole(node.rows_out),
      busyText(share), size(node.state_bytes), Number.isFinite(behind) ? format.time(behind, 'milli') : '–',
    ].forEach((text, cell) => setText(row.children[cell], text));
  });
}

let checkpointsShown = '';

function showCheckpoints({ recent_checkpoints: list, checkpoints: count, savepoints }) {
  const text = JSON.stringify([list?.[0], count, savepoints]);
  if (text === checkpointsShown && find('table', parts.checkpoints)) return tellAges(list);
  checkpointsShown = text;
  if (!list?.length) return fill(parts.checkpoints, el('p', { class: 'blank quiet', text: 'None yet: the first comes with the first rows.' }));
  const longest = Math.max(...list.map((each) => each.duration_us), 1);
  const heads = [['When'], ['Duration', 'Until it was on disk; the job went on meanwhile'], ['Pause', 'The job stood still for it'], ['Size']];
  const lines = list.map((each) => {
    const bar = el('i', { class: 'took-bar', 'aria-hidden': 'true' });
    bar.style.width = `${Math.max(2, (each.duration_us / longest) * 100)}%`;
    return el('tr', {}, el('td', { class: 'num', title: each.time }), el('td', { class: 'right num took' }, bar, el('span', { text: microseconds(each.duration_us) })),
      el('td', { class: 'right num', text: microseconds(each.pause_us) }), el('td', { class: 'right num', text: size(each.bytes) }));
  });
  fill(parts.checkpoints, el('table', { class: 'grid' },
    el('thead', {}, el('tr', {}, ...heads.map(([label, title], index) => el('th', { scope: 'col', class: index ? 'right' : undefined, title, text: label })))),
    el('tbody', {}, ...lines)));
  tellAges(list);
}

function tellAges(list) {
  find('tbody', parts.checkpoints)?.childNodes.forEach((row, index) => list[index] && setText(row.firstChild, ago(list[index].time, api.now())));
}

/** Sinks outside of the log, and why they refuse. */
function showSinks(sinks) {
  const lines = sinks.map(({ target, connector, rows, bytes, refusal, refusing_since: since, attempts }) =>
    el('li', { class: refusal ? 'is-warned' : undefined },
      `${target} (${connector}): ${format.whole(rows)} rows, ${size(bytes)}`,
      refusal ? `. It refuses since ${format.time(format.moment(since))}, ${attempts} tries: ${format.sentence(refusal)}` : ''));
  if (lines.map((line) => line.textContent).join() !== parts.sinks.textContent) fill(parts.sinks, ...lines);
}

function showLog(lines) {
  const newest = lines.slice(-LOG_LINES_MOST).reverse();
  fill(parts.log, ...newest.map(({ time, message }) => el('li', {},
    el('time', { class: 'num quiet', datetime: time, title: time, text: format.time(format.moment(time)) }), el('span', { text: message }))));
  if (!newest.length) fill(parts.log, el('li', { class: 'quiet', text: 'Nothing happened yet.' }));
}

/** What the statements write to; `topic` where it is one of the log's. */
function targets({ plan, targets: names }) {
  const sinks = (plan?.nodes ?? []).filter(({ kind }) => kind === 'sink');
  if (!sinks.length) return names.map((target) => ({ name: target }));
  return sinks.map(({ name: target, detail }) => ({ name: target, topic: detail?.startsWith('topic ') ? detail.slice(6) : undefined }));
}
