// The page's whole state, mirrored in the URL so that a view can be shared and the Back button works.

/** Live ranges: length and width of a bucket, in seconds. */
export const ranges = {
  '5m': { seconds: 300, bucket: 1 },
  '15m': { seconds: 900, bucket: 3 },
  '1h': { seconds: 3600, bucket: 10 },
  '6h': { seconds: 21_600, bucket: 60 },
  '24h': { seconds: 86_400, bucket: 300 },
};

const buckets = [1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400];
const listeners = new Set();

export const state = {
  /** `traffic` or `jobs`. */
  page: 'traffic',
  /** The job that is shown; empty for the list of all. */
  job: '',
  /** Key of `ranges`: what is shown while live. */
  range: '5m',
  /** Fixed range in milliseconds since 1970, or null while live. */
  fixed: null,
  /** Conditions: `{field, value, negated}` (value null: IS NULL) or `{sql}`. */
  filters: [],
  tail: '',
  measure: 'requests',
  sql: '',
  sqlLive: false,
};

/** Reads the state from the URL; what cannot be understood keeps its default. */
export function readURL() {
  const query = new URLSearchParams(location.search);
  state.page = query.get('page') === 'jobs' ? 'jobs' : 'traffic';
  state.job = state.page === 'jobs' ? query.get('job') ?? '' : '';
  state.range = ranges[query.get('range')] ? query.get('range') : '5m';
  const from = Date.parse(query.get('from') ?? '');
  const to = Date.parse(query.get('to') ?? '');
  state.fixed = Number.isFinite(from) && Number.isFinite(to) && to > from ? { from, to } : null;
  state.filters = query.getAll('f').slice(0, 32).map(parseFilter).filter(Boolean);
  state.tail = query.get('tail') ?? '';
  state.measure = query.get('by') ?? 'requests';
  state.sql = query.get('sql') ?? '';
  state.sqlLive = query.get('live') === '1';
}

function parseFilter(text) {
  if (text.startsWith('sql:')) return { sql: text.slice(4) };
  const negated = text.startsWith('-');
  const body = negated ? text.slice(1) : text;
  const colon = body.indexOf(':');
  const field = colon < 0 ? body : body.slice(0, colon);
  if (!/^[@A-Za-z_][\w.@]*$/.test(field)) return null;
  return { field, value: colon < 0 ? null : body.slice(colon + 1), negated };
}

export function writeFilter(filter) {
  if (filter.sql !== undefined) return `sql:${filter.sql}`;
  return (filter.negated ? '-' : '') + filter.field + (filter.value === null ? '' : `:${filter.value}`);
}

function url() {
  const query = new URLSearchParams();
  if (state.page !== 'traffic') query.set('page', state.page);
  if (state.page === 'jobs' && state.job) query.set('job', state.job);
  if (state.range !== '5m') query.set('range', state.range);
  if (state.fixed) {
    query.set('from', new Date(state.fixed.from).toISOString());
    query.set('to', new Date(state.fixed.to).toISOString());
  }
  for (const filter of state.filters) query.append('f', writeFilter(filter));
  if (state.tail) query.set('tail', state.tail);
  if (state.measure !== 'requests') query.set('by', state.measure);
  if (state.sql) query.set('sql', state.sql);
  if (state.sqlLive) query.set('live', '1');
  const text = query.toString();
  return location.pathname + (text ? `?${text}` : '') + location.hash;
}

/**
 * Changes the state and tells the listeners which keys changed.
 * `remember` adds an entry to the browser's history; without it the current entry is replaced.
 */
export function change(patch, { remember = true } = {}) {
  Object.assign(state, patch);
  const next = url();
  if (next !== location.pathname + location.search + location.hash) {
    if (remember) history.pushState(null, '', next);
    else history.replaceState(null, '', next);
  }
  notify(new Set(Object.keys(patch)));
}

export const onChange = (listener) => listeners.add(listener);
const notify = (keys) => listeners.forEach((listener) => listener(keys));

addEventListener('popstate', () => {
  readURL();
  notify(new Set(Object.keys(state)));
});

/** Adds a condition, or turns the opposite one round. */
export function addFilter(filter) {
  const key = writeFilter({ ...filter, negated: false });
  const others = state.filters.filter((each) => writeFilter({ ...each, negated: false }) !== key);
  change({ filters: [...others, filter] });
}

/** What is on screen: length, bucket width (both seconds), and the fixed ends if it is not live. */
export function view() {
  if (!state.fixed) return { live: true, ...ranges[state.range] };
  const seconds = (state.fixed.to - state.fixed.from) / 1000;
  const bucket = buckets.find((each) => seconds / each <= 360) ?? 86_400 * Math.ceil(seconds / 86_400 / 360);
  return { live: false, seconds, bucket, ...state.fixed };
}
