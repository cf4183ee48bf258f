import { figure } from './cases.js';
import { overFloor } from './floor.js';
import { significant } from './units.js';

/**
 * A column of the table: its value of a case among the others, in the unit of its title.
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title
 * @property {string} meaning
 * @property {(one: import('./types.js').Case, all: import('./types.js').Case[]) => number | undefined} value
 * @property {(value: number) => string} [format]
 */

/** @returns {Column} */
const measured = (/** @type {string} */ key, /** @type {string} */ title, /** @type {string} */ meaning, unit = 1) => ({
  key,
  title,
  meaning,
  value: (one) => {
    const value = figure(one, key);
    return value === undefined ? undefined : value / unit;
  },
});
const KiB = 2 ** 10;
const MiB = 2 ** 20;

/** @type {Column[]} */
export const columns = [
  {
    key: 'workers',
    title: 'workers',
    meaning: 'how many at once',
    value: (one) => one.workers,
    format: (value) => value.toLocaleString('en'),
  },
  measured('time_s', 'time, s', 'from the start of the first scrape to the last outcome'),
  measured('ideal_ratio', '× ideal', 'time ÷ what no client can beat'),
  {
    key: 'time_over_floor',
    title: '× floor',
    meaning: 'time ÷ that of raw_epoll, workers being equal',
    value: (one, all) => overFloor(one, all, 'time_s'),
  },
  measured('rss_peak_bytes', 'peak, MiB', 'most resident memory', MiB),
  measured('rss_growth_bytes', 'growth, MiB', 'peak less the memory at rest', MiB),
  measured('bytes_per_worker', 'a worker, KiB', 'growth ÷ workers that had work', KiB),
  measured('cpu_us_per_request', 'CPU a request, µs', 'user and system time of the client'),
  {
    key: 'cpu_over_floor',
    title: 'CPU × floor',
    meaning: 'CPU ÷ that of raw_epoll, workers being equal',
    value: (one, all) => overFloor(one, all, 'cpu_us_per_request'),
  },
  measured('cpu_s', 'CPU, s', 'CPU a request · requests'),
  {
    ...measured('cpu_share', 'CPU, % of time', 'CPU ÷ time: above 100 % more than one core is busy', 0.01),
    format: (value) => value.toFixed(1),
  },
  measured('anon_peak_bytes', 'anonymous, MiB', 'most heap and stacks, without the libraries’ file pages', MiB),
  measured('heap_peak_bytes', 'heap, MiB', 'most bytes allocated at once', MiB),
  measured('allocations_per_request', 'allocations a request', 'counted in a run of their own'),
  measured('kernel_estimate_bytes', 'kernel, MiB', 'estimated: threads, sockets, page tables', MiB),
  measured('threads_peak', 'threads', 'most at once'),
  measured('context_switches_per_request', 'switches a request', 'context switches, voluntary and not'),
  measured('requests_per_second', 'requests a second', 'requests ÷ time'),
  measured('scrape_p50_ms', 'a day’s scrape, p50 ms', 'median of both requests together'),
  measured('scrape_p99_ms', 'p99 ms', 'its 99th percentile'),
  measured('server_late_p50_ms', 'server late, p50 ms', 'how much later than asked the server answered'),
  measured('server_late_p99_ms', 'p99 ms (late)', 'its 99th percentile'),
];

export const formatted = (/** @type {Column} */ column, /** @type {number | undefined} */ value) =>
  value === undefined
    ? '–'
    : column.format
      ? column.format(value)
      : value >= 10_000
        ? Math.round(value).toLocaleString('en')
        : significant(value);

/**
 * Sorted by a column, or by the case's own order when there is none such; what has no value, and what failed,
 * is last either way.
 * @param {import('./types.js').Case[]} cases
 * @param {import('./types.js').Case[]} all
 * @param {string} key
 * @param {boolean} descending
 */
export function sortedCases(cases, all, key, descending) {
  const sign = descending ? -1 : 1;
  if (key === 'strategy') return descending ? [...cases].reverse() : [...cases];
  const column = columns.find((one) => one.key === key);
  if (!column) return [...cases];
  return cases
    .map((one) => ({ one, value: column.value(one, all) }))
    .sort((a, b) => {
      if (a.value === undefined || b.value === undefined)
        return Number(a.value === undefined) - Number(b.value === undefined);
      return sign * (a.value - b.value);
    })
    .map(({ one }) => one);
}
