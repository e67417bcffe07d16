// Axes: where the grid lines go and how times are written under them.
import { day, time } from './format.js';

/** The first of 1, 2, 5 × 10ⁿ that is not below a value. */
export function niceStep(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((each) => each * power >= value * 0.999) ?? 10;
  return step * power;
}

/** A linear axis from zero that holds `most`: `{top, ticks, place}`; `place` gives 0 at the bottom to 1 at the top. */
export function linear(most, lines, fixedTop) {
  const top = fixedTop ?? niceStep(most / lines) * lines;
  const ticks = [];
  for (let line = 1; line <= lines; line += 1) ticks.push((top * line) / lines);
  return { top, ticks, place: (value) => Math.min(1, Math.max(0, value / top)) };
}

/** A logarithmic axis over whole powers of ten that holds [least, most]. */
export function logarithmic(least, most) {
  const low = Math.floor(Math.log10(Math.max(least, 1)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(most, 10)) - 0.05));
  const ticks = [];
  for (let power = low + 1; power <= high; power += 1) ticks.push(10 ** power);
  return {
    top: 10 ** high,
    ticks,
    place: (value) => Math.min(1, Math.max(0, (Math.log10(Math.max(value, 1)) - low) / (high - low))),
  };
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const timeSteps = [
  5 * second, 15 * second, 30 * second, minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute,
  hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, 24 * hour, 48 * hour, 168 * hour,
];

/** Labelled moments in [from, to], at most one each 78 pixels: `[{at, label}]`. */
export function timeTicks(from, to, width) {
  const room = Math.max(1, Math.floor(width / 78));
  const step = timeSteps.find((each) => (to - from) / each <= room) ?? timeSteps.at(-1);
  const zone = new Date(from).getTimezoneOffset() * minute;
  const ticks = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) {
    const label = step >= 24 * hour ? day(at) : time(at, step < minute ? 'second' : 'minute');
    ticks.push({ at, label });
  }
  return ticks;
}
