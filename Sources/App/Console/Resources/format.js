// Numbers, sizes, durations and times as people read them.

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const DASH = '–';

function significant(value) {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1).replace(/\.0$/, '');
  return value.toFixed(2).replace(/\.?0+$/, '');
}

function scaled(value, base, units) {
  let unit = 0;
  while (Math.abs(value) >= base * 0.9995 && unit < units.length - 1) {
    value /= base;
    unit += 1;
  }
  return [significant(value), units[unit]];
}

/** A count in three digits: `[text, unit]`. */
export const count = (value) => (Number.isFinite(value) ? scaled(value, 1000, ['', 'k', 'M', 'G', 'T']) : [DASH, '']);

/** Bits per second from bytes per second. */
export const bits = (bytesPerSecond) =>
  Number.isFinite(bytesPerSecond)
    ? scaled(bytesPerSecond * 8, 1000, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'])
    : [DASH, ''];

export const bytes = (value) =>
  Number.isFinite(value) ? scaled(value, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']) : [DASH, ''];

/** A duration from nanoseconds. */
export function duration(nanoseconds) {
  if (!Number.isFinite(nanoseconds)) return [DASH, ''];
  if (nanoseconds < 999_500) return [significant(nanoseconds / 1e3), 'µs'];
  if (nanoseconds < 999_500_000) return [significant(nanoseconds / 1e6), 'ms'];
  if (nanoseconds < 120e9) return [significant(nanoseconds / 1e9), 's'];
  return [significant(nanoseconds / 60e9), 'min'];
}

export const percent = (share) =>
  Number.isFinite(share) ? [(share * 100).toFixed(share > 0 && share < 0.0995 ? 2 : 1), '%'] : [DASH, ''];

export const rate = (value) => {
  const [text, unit] = count(value);
  return [text, `${unit}/s`];
};

export const join = ([text, unit]) => (unit ? `${text} ${unit}` : text);
export const whole = (value) => (Number.isFinite(value) ? plain.format(value) : DASH);

const clockParts = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
const clocks = {
  minute: new Intl.DateTimeFormat('en-GB', clockParts),
  second: new Intl.DateTimeFormat('en-GB', { ...clockParts, second: '2-digit' }),
  milli: new Intl.DateTimeFormat('en-GB', { ...clockParts, second: '2-digit', fractionalSecondDigits: 3 }),
  day: new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' }),
};
export const time = (milliseconds, precision = 'second') => clocks[precision].format(milliseconds);
export const day = (milliseconds) => clocks.day.format(milliseconds);

/** A moment as the API writes it (ISO-8601, or microseconds since 1970) in milliseconds since 1970. */
export const moment = (value) => (typeof value === 'number' ? value / 1000 : Date.parse(value));

const isoTime = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/;
export const looksLikeTime = (value) => typeof value === 'string' && isoTime.test(value);

/** `15 min`, `2 h`, `36 s`: the length of a range in seconds. */
export function span(seconds) {
  if (seconds >= 172_800) return `${significant(seconds / 86_400)} days`;
  if (seconds >= 3600) return `${significant(seconds / 3600)} h`;
  if (seconds >= 60) return `${significant(seconds / 60)} min`;
  return `${significant(seconds)} s`;
}

/** A message as a sentence: a capital in front, a full stop behind. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
