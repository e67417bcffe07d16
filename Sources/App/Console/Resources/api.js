// The query API: stored queries as NDJSON, live ones as server-sent events read through fetch,
// because EventSource cannot carry an Authorization header.

import { parse } from './numbers.js';

const TOKEN_KEY = 'squilla.token';
const RETRY_FIRST_SECONDS = 0.5;
const RETRY_MOST_SECONDS = 15;

let token = sessionStorage.getItem(TOKEN_KEY) ?? '';
let tokenAsked = null;
let askToken = async () => '';
let clockOffset = 0;

/** Who asks the reader for a token when the API answers 401. */
export const onTokenNeeded = (handler) => {
  askToken = handler;
};

/** The server's clock in milliseconds since 1970; ranges are cut by it, not by the reader's. */
export const now = () => Date.now() + clockOffset;

/** An answer that is an error: what, where in the SQL text, and what to do. */
export class QueryError extends Error {
  constructor(error, status) {
    super(error.message || `The server answered ${status}.`);
    this.name = 'QueryError';
    this.code = error.code;
    this.line = error.line;
    this.column = error.column;
    this.suggestion = error.suggestion;
    this.status = status;
  }

  /** Trying again without a change would end the same way. */
  get isFinal() {
    return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429;
  }
}

/** The server could not be reached. */
export class NoAnswer extends Error {}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new NoAnswer(error.message);
  }
}

async function request(path, options = {}) {
  const headers = { ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  const used = token;
  const response = await reach(path, { ...options, headers, cache: 'no-store' });
  const served = Date.parse(response.headers.get('Date') ?? '');
  // The header counts whole seconds: only a real difference of clocks is corrected.
  if (Number.isFinite(served) && Math.abs(served - Date.now()) > 3000) clockOffset = served - Date.now();
  if (response.status === 401) {
    await response.body?.cancel();
    if (token === used) await renewToken();
    return request(path, options);
  }
  if (response.ok) return response;
  const text = await response.text();
  let error = {};
  try {
    error = JSON.parse(text).error ?? {};
  } catch {
    error = { message: text.slice(0, 300) };
  }
  throw new QueryError(error, response.status);
}

async function renewToken() {
  tokenAsked ??= askToken(token !== '');
  try {
    token = await tokenAsked;
    sessionStorage.setItem(TOKEN_KEY, token);
  } finally {
    tokenAsked = null;
  }
}

const get = async (path, signal) => (await request(`api/v1/${path}`, { signal })).json();
const place = encodeURIComponent;

export const status = (signal) => get('status', signal);

/** All jobs, without their plans. */
export const jobs = (signal) => get('jobs', signal);
export const job = (name, signal) => get(`jobs/${place(name)}`, signal);
export const jobLog = (name, signal) => get(`jobs/${place(name)}/log`, signal);
export const clusters = (signal) => get('clusters', signal);

/** The latest stored events of a topic, oldest first: at most `count` of each partition. */
export async function latestEvents(topic, count, signal) {
  const { partitions } = await get(`topics/${place(topic)}`, signal);
  const rows = [];
  for (const { partition, next_offset: next } of partitions) {
    const from = Math.max(0, next - count);
    const path = `api/v1/topics/${place(topic)}/events?from=${from}&limit=${count}&partition=${partition}`;
    const text = await (await request(path, { signal })).text();
    rows.push(...text.split('\n').filter(Boolean).map(parse));
  }
  return rows;
}

/** Carries out an action on a job or a cluster (`kind` is `jobs` or `clusters`); returns its document. */
export async function act(kind, name, action, body = {}) {
  const response = await request(`api/v1/${kind}/${place(name)}/${action}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  return response.json();
}

function send(query, accept, signal) {
  return request('api/v1/query', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: accept },
    body: JSON.stringify(query),
    signal,
  });
}

/**
 * A stored query. `query` is `{query, from?, to?}` with times in milliseconds since 1970.
 * Stops reading after `limit` rows; returns the rows, with `cutAt` where the server returned no more than that.
 */
export async function stored({ query, from, to, signal, limit = Infinity }) {
  const body = { query, live: false };
  if (from !== undefined) body.from = new Date(from).toISOString();
  if (to !== undefined) body.to = new Date(to).toISOString();
  const response = await send(body, 'application/x-ndjson', signal);
  const rows = [];
  await eachChunk(response, (lines) => {
    for (const line of lines) {
      if (!line) continue;
      const row = parse(line);
      if (row.$error) throw new QueryError(row.$error, statusOf(row.$error));
      // A notice, not a row: how much of the answer the server cut off.
      if (row.$meta) {
        rows.cutAt = row.$meta.cut_at_rows ?? rows.cutAt;
        continue;
      }
      if (rows.length >= limit) return false;
      rows.push(row);
    }
    return true;
  });
  return rows;
}

/** Calls `take` with whole lines; ends when it returns false. */
async function eachChunk(response, take) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split('\n');
      rest = done ? '' : lines.pop();
      if (lines.length && take(lines) === false) return;
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * Follows a live query until `stop()` of the returned object. Reconnects with back-off.
 * `onRows(rows, skipped)` gets what arrived together, at most the newest `keep` of it;
 * `onState(name, detail)` gets `connecting`, `live`, `waiting` (seconds) or `error` (a QueryError; the end).
 */
export const follow = ({ query, ...listeners }) =>
  stream((signal) => send({ query, live: true }, 'text/event-stream', signal), listeners);

/**
 * The same over a subscription: readers of one query share it, and the server drops what is over `rowsPerSecond`.
 * `onMeta(counts)` is told of what was dropped since the connection began.
 */
export const subscribe = ({ query, rowsPerSecond, ...listeners }) =>
  stream((signal) => request(`api/v1/subscribe?q=${place(query)}&eventsPerSecond=${rowsPerSecond}`, {
    headers: { Accept: 'text/event-stream' }, signal,
  }), listeners);

function stream(open, { onRows, onState, onMeta = () => {}, keep = Infinity }) {
  const abort = new AbortController();
  const run = async () => {
    let failures = 0;
    while (!abort.signal.aborted) {
      onState('connecting');
      try {
        const response = await open(abort.signal);
        failures = 0;
        onState('live');
        await readEvents(response, onRows, onMeta, keep);
      } catch (error) {
        if (abort.signal.aborted) return;
        if (error instanceof QueryError && error.isFinal) return onState('error', error);
      }
      if (abort.signal.aborted) return;
      const most = Math.min(RETRY_MOST_SECONDS, RETRY_FIRST_SECONDS * 2 ** failures);
      const seconds = most * (0.75 + Math.random() * 0.25);
      failures += 1;
      onState('waiting', seconds);
      await pause(seconds * 1000, abort.signal);
    }
  };
  run();
  return { stop: () => abort.abort() };
}

function readEvents(response, onRows, onMeta, keep) {
  let name = '';
  let data = [];
  return eachChunk(response, (lines) => {
    const waiting = [];
    let open = true;
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
      else if (line.startsWith('event:')) name = line.slice(6).trim();
      else if (line === '') {
        const text = data.join('\n');
        if (name === 'error') throw streamError(text);
        if (name === 'done') open = false;
        else if (name === 'meta') onMeta(JSON.parse(text));
        else if (text && name === '') waiting.push(text);
        name = '';
        data = [];
      }
    }
    const skipped = Math.max(0, waiting.length - keep);
    if (waiting.length) onRows(waiting.slice(skipped).map(parse), skipped);
    return open;
  });
}

function streamError(text) {
  try {
    const body = JSON.parse(text);
    const error = body.$error ?? body.error ?? body;
    return new QueryError(error, statusOf(error));
  } catch {
    return new QueryError({ message: text }, 503);
  }
}

/** An error in the middle of an answer has no status of its own; what the query is not to blame for may be retried. */
const statusOf = ({ code }) => (['overloaded', 'cancelled', 'internal', 'unavailable', 'shutdown'].includes(code) ? 503 : 400);

/** Waits, but not longer than the signal lasts. */
export const pause = (milliseconds, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
