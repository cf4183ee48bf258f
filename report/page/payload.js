import { lookOf } from './look.js';

/**
 * Data that `track report --json` prints (bench/track/report.cpp); the page draws it and computes no statistics.
 * A spread has the minimum, median and maximum over a case's repetitions.
 *
 * @typedef {[min: number, median: number, max: number]} Spread
 * @typedef {import('./look.js').Look} Look
 * @typedef {import('./units.js').Unit} Unit
 *
 * @typedef {{name: string, title: string, unit: Unit, better: 'lower' | 'higher' | 'none', meaning: string}} Column
 *
 * @typedef {object} Strategy
 * @property {string} name
 * @property {string} label
 * @property {string} family
 * @property {string} language
 * @property {string} control_flow
 * @property {string} code_changes
 * @property {Look} look  added by prepare()
 *
 * @typedef {object} Row  a case's result
 * @property {string} name
 * @property {string} strategy
 * @property {string} label      "coroutines", "coroutines, 2 loops"
 * @property {number} loops
 * @property {number} workers
 * @property {number} days
 * @property {string} point
 * @property {number} repetitions
 * @property {{count: number, reason: string} | null} failed
 * @property {string[]} notes
 * @property {Record<string, Spread>} figures  by column; empty if the case failed
 * @property {string[]} frontier  memory columns in whose Pareto frontier with time the case is
 * @property {Look} look         added by prepare()
 *
 * @typedef {object} Curve  memory over time of one repetition, in ms since the start and KiB
 * @property {number} repetition
 * @property {Record<string, number>} phases_ms
 * @property {[ms: number, kib: number][]} points
 *
 * @typedef {object} Fit  a power law (factor · workers^exponent) and a straight line's slope
 * @property {string} point
 * @property {string} label
 * @property {string} column
 * @property {number} exponent
 * @property {number} factor
 * @property {number} slope
 * @property {string[]} cases
 *
 * @typedef {object} Recommendation
 * @property {string} point
 * @property {string} headline
 * @property {{case: string, time_ratio: number | null, memory_ratio: number | null, text: string}[]} rows
 *
 * @typedef {object} Dataset
 * @property {string} id
 * @property {string} title
 * @property {string} file
 * @property {Record<string, unknown>} context
 * @property {{id: string, title: string, kind: string}[]} points
 * @property {Row[]} cases
 * @property {Recommendation[]} answers
 * @property {Fit[]} fits
 * @property {{sample_every_ms: number, curves: Record<string, Curve>} | null} timeline
 *
 * @typedef {object} Recording
 * @property {string} id
 * @property {string} commit
 * @property {boolean} dirty
 * @property {string} subject
 * @property {string} recorded
 * @property {string} commit_date
 * @property {string} program
 * @property {string} compiler
 * @property {[before: number, after: number]} canary
 * @property {[before: number, after: number]} load
 * @property {number} steal
 *
 * @typedef {object} HistoryPoint  one recording of a series
 * @property {number} at         index of the recording
 * @property {number} figure
 * @property {number} reference
 * @property {number} ratio
 * @property {number} low
 * @property {number} high
 * @property {boolean} enough    whether there were enough repetitions for a confidence interval
 * @property {number[]} [samples]  figures of the repetitions, in the series with the default reference
 *
 * @typedef {object} Change  its `at` is an index of points
 * @property {number} at
 * @property {number | null} factor
 * @property {boolean} worse
 * @property {boolean} confirmed
 * @property {boolean} same_program
 * @property {string} text
 *
 * @typedef {object} Series
 * @property {string} row
 * @property {string} metric
 * @property {{name: string, title: string}} reference
 * @property {boolean} is_default
 * @property {HistoryPoint[]} points
 * @property {{at: number, reason: string}[]} failed
 * @property {{size: number, text: string}} band
 * @property {Change[]} changes
 * @property {{from: number, to: number, level: number}[]} levels
 * @property {{at: number, commit: string, reason: string}[]} accepted
 *
 * @typedef {{name: string, strategy: string, label: string, workers: number, point: string, look: Look}} HistoryRow
 * @typedef {{name: string, label: string, unit: Unit, exact: boolean}} Metric
 *
 * @typedef {object} Group  recordings of one machine and setting, in commit order
 * @property {string} id
 * @property {string} title
 * @property {string} machine
 * @property {Recording[]} recordings
 * @property {HistoryRow[]} rows
 * @property {Series[]} series
 *
 * @typedef {object} Payload
 * @property {number} version
 * @property {Column[]} columns
 * @property {Strategy[]} strategies
 * @property {Dataset[]} datasets
 * @property {{metrics: Metric[], groups: Group[]}} history
 * @property {{file: string, reason: string}[]} broken
 */

/**
 * Adds the look of its strategy to each row. The payload is changed in place.
 * @param {any} payload
 * @returns {Payload}
 */
export function prepare(payload) {
  /** @type {Map<string, Look>} */
  const looks = new Map();
  for (const strategy of payload.strategies) {
    strategy.look = lookOf(strategy, looks.size);
    looks.set(strategy.name, strategy.look);
  }
  const find = (/** @type {string} */ name) => looks.get(name) ?? lookOf({ name, family: '', language: '' }, 0);
  for (const dataset of payload.datasets) for (const row of dataset.cases) row.look = find(row.strategy);
  for (const group of payload.history.groups) for (const row of group.rows) row.look = find(row.strategy);
  return payload;
}

/** The median of one figure, or NaN. */
export const median = (/** @type {Row} */ row, /** @type {string} */ column) => row.figures[column]?.[1] ?? NaN;

/** "coroutines 100": a row's short name in figures and lists. */
export const rowName = (/** @type {{label: string, workers: number}} */ { label, workers }) =>
  `${label} ${workers.toLocaleString('en')}`;
