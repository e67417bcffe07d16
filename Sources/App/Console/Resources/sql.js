// The page's own queries. The page is a user of the query API like any other: everything it shows is SQL.

const numeric = new Set([
  'event.duration', 'process.thread.id', 'client.port', 'http.response.status_code', 'http.request.bytes',
  'http.request.body.bytes', 'http.request.header.bytes', 'http.response.bytes', 'http.response.body.bytes',
  'http.response.header.bytes', 'squilla.response.first_byte.duration', 'cache.age', 'origin.status_code',
  'origin.connect.duration', 'origin.first_byte.duration', 'origin.duration', 'origin.retries',
]);

/** Fields offered while typing a condition. */
export const fields = [
  '@timestamp', 'observer.name', 'client.ip', 'http.request.method', 'url.scheme', 'url.domain', 'url.path',
  'url.query', 'http.version', 'cache.status', 'cache.detail', 'origin.name', 'origin.address',
  'user_agent.original', 'http.request.referrer', 'http.response.mime_type', 'error.code', 'error.message',
  'error.source', ...numeric,
].sort();

export const quote = (text) => `'${String(text).replaceAll("'", "''")}'`;

/** One filter as a condition. */
export function condition(filter) {
  // The line breaks keep a trailing `--` comment from swallowing the parenthesis.
  if (filter.sql !== undefined) return `(\n${filter.sql}\n)`;
  if (filter.value === null) return `${filter.field} IS ${filter.negated ? 'NOT ' : ''}NULL`;
  const number = numeric.has(filter.field) && /^-?\d{1,18}$/.test(filter.value);
  const value = number ? filter.value : quote(filter.value);
  const subject = number || !numeric.has(filter.field) ? filter.field : `CAST(${filter.field} AS STRING)`;
  return filter.negated ? `(${subject} <> ${value} OR ${subject} IS NULL)` : `${subject} = ${value}`;
}

const where = (filters, ...more) => {
  const all = [...filters.map(condition), ...more.filter(Boolean)];
  return all.length ? `\nWHERE ${all.join('\n  AND ')}` : '';
};

const fromCache = "cache.status IN ('hit', 'stale', 'revalidated', 'collapsed')";
const status = (from, to) => `COUNT(*) FILTER (WHERE http.response.status_code BETWEEN ${from} AND ${to})`;

const measuresOfTraffic = `COUNT(*) AS n,
  ${status(200, 299)} AS s2,
  ${status(300, 399)} AS s3,
  ${status(400, 499)} AS s4,
  ${status(500, 599)} AS s5,
  COUNT(*) FILTER (WHERE ${fromCache}) AS hits,
  SUM(http.response.bytes) AS bytes_all,
  SUM(http.response.bytes) FILTER (WHERE ${fromCache}) AS bytes_cache,
  APPROX_PERCENTILE(event.duration, 0.5) AS p50,
  APPROX_PERCENTILE(event.duration, 0.95) AS p95,
  APPROX_PERCENTILE(event.duration, 0.99) AS p99`;

const interval = (seconds) =>
  seconds % 86_400 === 0
    ? `INTERVAL '${seconds / 86_400}' DAY`
    : seconds % 3600 === 0
      ? `INTERVAL '${seconds / 3600}' HOUR`
      : seconds % 60 === 0
        ? `INTERVAL '${seconds / 60}' MINUTE`
        : `INTERVAL '${seconds}' SECOND`;

/** Traffic per window of `seconds`. */
export const series = (filters, seconds) => `SELECT window_start,
  ${measuresOfTraffic}
FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(@timestamp), ${interval(seconds)}))${where(filters)}
GROUP BY window_start, window_end`;

/** The same measures over the whole range, in one row. */
export const totals = (filters) => `SELECT ${measuresOfTraffic}
FROM requests${where(filters)}`;

/** What a top list can be ordered by. */
export const measures = {
  requests: { label: 'requests', expression: 'COUNT(*)' },
  bytes: { label: 'bytes sent', expression: 'SUM(http.response.bytes)' },
  misses: { label: 'cache misses', expression: `COUNT(*) FILTER (WHERE NOT (${fromCache}))` },
  errors: { label: '4xx and 5xx', expression: 'COUNT(*) FILTER (WHERE http.response.status_code >= 400)' },
  time: { label: 'total time', expression: 'SUM(event.duration)' },
};

/** The values of `list.fields` with the largest measure. */
export function top(list, filters, measure, limit = 8) {
  const expression = (list.measure ? measures[list.measure] : measures[measure]).expression;
  const columns = list.fields.map((field, index) => `${field} AS v${index}`).join(', ');
  return `SELECT ${columns}, ${expression} AS n
FROM requests${where(filters, list.where)}
GROUP BY ${list.fields.join(', ')}
HAVING ${expression} > 0
ORDER BY n DESC
LIMIT ${limit}`;
}

const tailColumns = `@timestamp AS ts, http.response.status_code AS code, http.request.method AS verb,
  url.domain AS host, url.path AS path, url.query AS qs, cache.status AS outcome,
  event.duration AS took, http.response.bytes AS size, client.ip AS ip, user_agent.original AS agent`;

/** Requests one by one; `condition` is what the reader typed. */
export const tail = (filters, typed) =>
  `SELECT ${tailColumns}\nFROM requests${where(typed.trim() ? [...filters, { sql: typed }] : filters)}`;
export const latest = (filters, typed, limit) => `${tail(filters, typed)}\nORDER BY @timestamp DESC\nLIMIT ${limit}`;

export const examples = [
  ['Slowest paths', `SELECT url.path, COUNT(*) AS requests,
  APPROX_PERCENTILE(event.duration, 0.95) / 1000000 AS p95_ms
FROM requests
GROUP BY url.path
HAVING COUNT(*) >= 5
ORDER BY p95_ms DESC
LIMIT 15`],
  ['Requests by cache status, every 10 seconds', `SELECT window_start, cache.status, COUNT(*) AS requests
FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(@timestamp), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, cache.status`],
  ['Clients with the most failed logins', `SELECT client.ip, COUNT(*) AS attempts,
  COUNT(*) FILTER (WHERE http.response.status_code >= 400) AS refused
FROM requests
WHERE url.path LIKE '%login%'
GROUP BY client.ip
ORDER BY attempts DESC
LIMIT 15`],
  ['Bytes by content type', `SELECT http.response.mime_type, SUM(http.response.bytes) AS bytes_sent
FROM requests
GROUP BY http.response.mime_type
ORDER BY bytes_sent DESC
LIMIT 12`],
  ['Errors, latest first', `SELECT @timestamp, http.response.status_code, url.path, origin.address, error.code
FROM requests
WHERE http.response.status_code >= 500
ORDER BY @timestamp DESC
LIMIT 50`],
];
