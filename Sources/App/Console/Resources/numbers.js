// Numbers of an answer that JavaScript's own would cut: DECIMALs and large integers keep every digit.

const DIGITS_OF_A_NUMBER = 15;
const maybeLong = /\d[\d.]{15}/;
/** Nobody's column is called so. */
const MARK = `$${Math.random().toString(36).slice(2)}`;
const tokens = /"(?:[^"\\]|\\.)*"|-?\d[\d.]*(?:[eE][+-]?\d+)?/g;

/** A number with more digits than a JavaScript number holds. It compares and computes as the nearest one. */
export class LongNumber {
  constructor(text) {
    this.text = text;
  }

  valueOf() {
    return Number(this.text);
  }

  toString() {
    return this.text;
  }

  toJSON() {
    return this.text;
  }
}

export const isNumber = (value) => typeof value === 'number' || value instanceof LongNumber;

const digits = (text) => text.replace(/[eE].*$/, '').replace(/^-?0*\.?0*|\./g, '').length;

/** What JSON says, with numbers as `LongNumber` where a JavaScript number would lose digits. */
export function parse(text) {
  if (!maybeLong.test(text)) return JSON.parse(text);
  const long = [];
  const marked = text.replace(tokens, (token) => {
    if (token[0] === '"' || digits(token) <= DIGITS_OF_A_NUMBER || String(Number(token)) === token) return token;
    long.push(token);
    return `{"${MARK}":${long.length - 1}}`;
  });
  if (!long.length) return JSON.parse(text);
  return JSON.parse(marked, (_, value) =>
    (value !== null && typeof value === 'object' && MARK in value ? new LongNumber(long[value[MARK]]) : value));
}

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const grouped = (digitsOnly) => digitsOnly.replace(/\B(?=(\d{3})+$)/g, ',');

/** A number with all its digits; the whole part in groups of three. */
export function shown(value) {
  const text = String(value);
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e15) return plain.format(value);
  const parts = /^(-?)(\d+)(\.\d+)?$/.exec(text);
  return parts ? `${parts[1]}${grouped(parts[2])}${parts[3] ?? ''}` : text;
}
