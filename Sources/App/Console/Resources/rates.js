// Rates of counters that are read now and then: the difference over the last seconds.

const WINDOW_MILLISECONDS = 6000;
const HISTORY = 60;

export class Rates {
  #samples = [];
  #history = new Map();

  /** Takes what the counters were `at` (milliseconds). A counter that went back belongs to another run: all begins anew. */
  add(at, counters) {
    const last = this.#samples.at(-1)?.counters;
    if (last && Object.keys(last).some((key) => !(key in counters) || counters[key] < last[key])) this.#samples = [];
    this.#samples.push({ at, counters });
    while (this.#samples.length > 2 && at - this.#samples[0].at > WINDOW_MILLISECONDS) this.#samples.shift();
    for (const key of Object.keys(counters)) {
      const values = this.#history.get(key) ?? [];
      values.push(this.perSecond(key));
      if (values.length > HISTORY) values.shift();
      this.#history.set(key, values);
    }
  }

  /** NaN while there is nothing to compare with. */
  perSecond(key) {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || first === last) return NaN;
    return ((last.counters[key] - first.counters[key]) * 1000) / (last.at - first.at);
  }

  /** The rates as they were at the last samples, for a sparkline. */
  history(key) {
    return Float64Array.from(this.#history.get(key) ?? []);
  }
}
