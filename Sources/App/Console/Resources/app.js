// Starts the page: wires its parts to the state, and runs the three things that ask the server:
// the live series, the live tail, and a loop of stored queries (history, totals, top lists).
import * as api from './api.js';
import { redrawAll, TimeChart } from './chart.js';
import * as controls from './controls.js';
import { find } from './dom.js';
import * as editor from './editor.js';
import * as format from './format.js';
import * as jobs from './jobs.js';
import { perSecond, ratio, Series } from './series.js';
import * as sql from './sql.js';
import { change, onChange, readURL, state, view } from './state.js';
import * as tail from './tail.js';
import * as tiles from './tiles.js';
import * as top from './top.js';

const LAG_MILLISECONDS = 2000;
const LAG_MOST_MILLISECONDS = 10_000;
const REFRESH_LEAST_MILLISECONDS = 5000;
const REFRESH_COST_FACTOR = 10;
const HIDDEN_STOP_MILLISECONDS = 30_000;
const WINDOWS_LEAST = 60;

const charts = {
  requests: new TimeChart({
    title: 'Requests per second', hint: 'By class of response status', stacked: true, least: 3, onRange: pickRange,
    format: (value) => format.join(format.count(value)),
    series: [
      { key: 's2', label: '2xx', color: '--c2' }, { key: 's3', label: '3xx', color: '--c3' },
      { key: 's4', label: '4xx', color: '--c4' }, { key: 's5', label: '5xx', color: '--c5' },
    ],
  }),
  latency: new TimeChart({
    title: 'Latency', hint: 'Total duration of a request; logarithmic axis', log: true, onRange: pickRange,
    format: (value) => format.join(format.duration(value)),
    series: [
      { key: 'p50', label: 'p50', color: '--p50' }, { key: 'p95', label: 'p95', color: '--p95' },
      { key: 'p99', label: 'p99', color: '--p99' },
    ],
  }),
  hits: new TimeChart({
    title: 'Hit ratio', hint: 'Share of requests answered from the cache', top: 1, onRange: pickRange,
    format: (value) => (Number.isFinite(value) ? `${Math.round(value * 1000) / 10} %` : '–'),
    series: [{ key: 'hits', label: 'from cache', color: '--accent', area: true }],
  }),
  bandwidth: new TimeChart({
    title: 'Bandwidth', hint: 'Response bytes to clients', stacked: true, least: 3000, onRange: pickRange,
    format: (value) => format.join(format.bits(value / 8)),
    series: [{ key: 'cache', label: 'from cache', color: '--accent' }, { key: 'rest', label: 'from origin', color: '--c3' }],
  }),
};

/** One-second windows of the last minute, for the tiles. */
let recent = new Series(1);
/** Windows as wide as the charts want; the same object as `recent` when that is a second. */
let chart = recent;
let totals = null;
/** The stored windows of the range are on the charts. */
let hasHistory = false;
/** Why the live series stopped for good. */
let liveError = null;
let following = null;
let loop = null;
let hiddenTimer = 0;

function pickRange(from, to) {
  change({ fixed: { from, to } });
}

function stopAll() {
  following?.stop();
  loop?.abort();
  tail.stop();
  following = loop = null;
}

/** Shows the page that the address names; of the other nothing runs, for a browser opens few connections to a host. */
function showPage() {
  const isJobs = state.page === 'jobs';
  find('#traffic').hidden = isJobs;
  find('#jobs').hidden = !isJobs;
  controls.showPage();
  if (isJobs) {
    stopAll();
    editor.leave();
    jobs.start();
  } else {
    jobs.stop();
    document.title = 'Squilla console';
    editor.show();
    restart();
  }
  // Who followed a link that is out of sight now goes on where it led.
  if (document.activeElement?.closest('[hidden]')) {
    find(!isJobs ? '#content' : state.job ? '#job-title' : '#jobs-title').focus({ preventScroll: true });
  }
}

/** Asks for everything anew: the range or a filter changed. */
function restart() {
  stopAll();
  const range = view();
  recent = new Series(1);
  chart = range.bucket === 1 ? recent : new Series(range.bucket);
  totals = null;
  hasHistory = false;
  liveError = null;
  controls.showError(null);
  if (range.live) follow();
  else controls.showConnection('fixed');
  tail.start(() => {});
  loop = new AbortController();
  refreshForever(range, loop.signal);
}

function follow() {
  let lost = false;
  following = api.follow({
    query: sql.series(state.filters, 1),
    onRows: (rows) => {
      recent.add(rows);
      draw();
    },
    onState: (name, detail) => {
      controls.showConnection(name, detail);
      if (name === 'error') controls.showError((liveError = detail));
      if (name === 'waiting') lost = true;
      if (name === 'live' && lost) {
        lost = false;
        loop?.abort();
        loop = new AbortController();
        refreshForever(view(), loop.signal);
      }
    },
  });
}

/** History first, then again and again what the live query cannot give, no faster than the server can bear. */
async function refreshForever(range, signal) {
  let from = range.live ? null : range.from;
  while (!signal.aborted) {
    const started = performance.now();
    try {
      await refresh(range, from, signal);
      if (!signal.aborted) controls.showError(liveError);
    } catch (error) {
      if (signal.aborted) return;
      controls.showError(error);
      if (error instanceof api.QueryError && error.isFinal) return;
    }
    if (!range.live) return;
    const took = performance.now() - started;
    const rest = Math.max(REFRESH_LEAST_MILLISECONDS, Math.min(60_000, took * REFRESH_COST_FACTOR));
    await api.pause(rest, signal);
    // Only the newest windows can still change.
    from = api.now() - Math.max(3 * range.bucket * 1000, 2 * rest);
  }
}

async function refresh(range, from, signal) {
  const to = range.live ? api.now() : range.to;
  const whole = { from: to - range.seconds * 1000, to };
  const start = Math.floor((from ?? whole.from) / chart.step) * chart.step;
  chart.add(await api.stored({ query: sql.series(state.filters, range.bucket), from: start, to, signal }));
  if (signal.aborted) return;
  hasHistory = true;
  draw();
  [totals] = await api.stored({ query: sql.totals(state.filters), ...whole, signal });
  if (signal.aborted) return;
  draw();
  controls.showEmpty(Number(totals?.n ?? 0) === 0, range, state.filters.length > 0);
  await top.refresh(whole, signal);
}

function draw() {
  const range = view();
  const now = api.now();
  const lag = now - (recent.newest + 1000);
  // The live query closes its windows a little after the clock; without traffic the axis moves on all the same.
  const edge = lag < LAG_MOST_MILLISECONDS ? Math.min(now - LAG_MILLISECONDS, recent.newest + 1000) : now - LAG_MILLISECONDS;
  const end = range.live ? Math.floor(edge / chart.step) * chart.step : range.to;
  const begin = range.live ? liveBegin(range, end) : range.from;
  if (range.live) {
    chart.prune(end - range.seconds * 1000 - chart.step);
    if (recent !== chart) recent.prune(now - 60_000);
  }
  const columns = chart.columns(begin, end);
  charts.requests.update({
    ...columns,
    ...Object.fromEntries(['s2', 's3', 's4', 's5'].map((key) => [key, perSecond(columns[key], columns.step)])),
  });
  charts.latency.update(columns);
  charts.hits.update({ ...columns, hits: ratio(columns.hits, columns.n) });
  const bits = (column) => perSecond(column, columns.step).map((value) => value * 8);
  const [cached, all] = [bits(columns.bytes_cache), bits(columns.bytes_all)];
  charts.bandwidth.update({ ...columns, cache: cached, rest: all.map((value, index) => Math.max(0, value - cached[index])) });
  const seconds = range.live && !recent.isEmpty ? recent.columns(Math.max(edge - 20_000, recent.oldest), edge) : null;
  tiles.update({ chart: columns, recent: seconds, totals, seconds: range.seconds });
}

/** Of a log that is younger than the range the charts show its life, not the emptiness before. */
function liveBegin(range, end) {
  const whole = end - range.seconds * 1000;
  if (!hasHistory || state.filters.length || chart.isEmpty) return whole;
  return Math.max(whole, Math.min(chart.oldest, end - WINDOWS_LEAST * chart.step));
}

function onVisibility() {
  clearTimeout(hiddenTimer);
  if (document.hidden) {
    hiddenTimer = setTimeout(() => (stopAll(), jobs.stop()), HIDDEN_STOP_MILLISECONDS);
  } else if (state.page === 'jobs') {
    if (!jobs.isOn()) jobs.start();
  } else if (!loop && view().live) {
    restart();
  }
}

readURL();
tiles.mount(find('#tiles'));
find('#charts').append(...Object.values(charts).map(({ node }) => node));
top.mount(find('#lists'), find('#measure'));
tail.mount(find('#tail'));
editor.mount(find('#sql'));
jobs.mount(find('#jobs'), { onConnection: controls.showConnection });
controls.mount({ restart, redraw: () => (redrawAll(), draw()), focusEditor: editor.focus });

onChange((keys) => {
  controls.show();
  if (keys.has('page') || keys.has('job')) return showPage();
  if (state.page === 'jobs') return;
  top.showMeasure(find('#measure'));
  if (keys.has('sql')) editor.show();
  if (['range', 'fixed', 'filters'].some((key) => keys.has(key))) restart();
  else if (keys.has('measure')) top.refresh(wholeRange(), (loop ??= new AbortController()).signal).catch(controls.showError);
  else if (keys.has('tail')) tail.start(() => {});
});

function wholeRange() {
  const range = view();
  return range.live ? { from: api.now() - range.seconds * 1000, to: api.now() } : { from: range.from, to: range.to };
}

controls.show();
top.showMeasure(find('#measure'));
showPage();
// Axes move on even if nothing arrives.
setInterval(() => !document.hidden && loop && view().live && draw(), 1000);
document.addEventListener('visibilitychange', onVisibility);
