import { bytes, significant } from './units.js';

/**
 * What is followed over commits: track's five metrics with its limits (docs/tracking.md). Of each, more is worse.
 * @typedef {object} Metric
 * @property {string} words
 * @property {(value: number) => string} format
 * @property {number} floor      of a noisy one: what is no change, at least; as a share
 * @property {boolean} exact     counted, not timed
 * @property {number} share      of an exact one: no change up to this share, or
 * @property {number} absolute   up to so much
 * @property {number} inMs       what makes it milliseconds, as the canary is; 0: it is no time
 */

const noisy = { exact: false, share: 0, absolute: 0, inMs: 0 };
const exact = { exact: true, floor: 0, share: 0, inMs: 0 };

/** @type {Record<string, Metric>} */
export const historyMetrics = {
  real_time: {
    ...noisy,
    words: 'time',
    floor: 0.02,
    inMs: 1,
    format: (value) => (value < 1000 ? `${significant(value)} ms` : `${significant(value / 1000)} s`),
  },
  cpu_us_per_request: {
    ...noisy,
    words: 'CPU a request',
    floor: 0.05,
    inMs: 1e-3,
    format: (value) => `${significant(value)} µs`,
  },
  rss_growth_bytes: { ...noisy, words: 'growth of memory', floor: 0.03, format: bytes },
  heap_peak_bytes: { ...exact, words: 'heap peak', share: 0.01, absolute: 64, format: bytes },
  allocations_per_request: {
    ...exact,
    words: 'allocations a request',
    absolute: 0.5,
    format: (value) => significant(value, 4),
  },
};
