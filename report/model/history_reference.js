import { parseCaseName } from './case_name.js';
import { historyMetrics } from './history_metrics.js';
import { median } from './spread.js';
import { floorStrategy, strategyRank } from './strategies.js';

/**
 * @typedef {import('./history_types.js').Recording} Recording
 * @typedef {import('./types.js').NamedCase} NamedCase
 */

export const canaryReference = 'canary';
export const idealReference = 'ideal';

const named = (/** @type {string} */ name) => /** @type {NamedCase} */ (parseCaseName(name));

/** All rows' names, in the order in which the page shows cases. */
export function seriesOf(/** @type {Recording[]} */ recordings) {
  const names = [...new Set(recordings.flatMap((one) => one.rows.map((row) => row.name)))].map(named);
  return names.sort(
    (a, b) =>
      strategyRank(a.strategy) - strategyRank(b.strategy) ||
      (a.label < b.label ? -1 : a.label > b.label ? 1 : 0) ||
      a.workers - b.workers ||
      (a.name < b.name ? -1 : 1),
  );
}

/** The values of a row, none if it failed. */
export function valuesOf(/** @type {Recording} */ recording, /** @type {string} */ name, /** @type {string} */ metric) {
  const row = recording.rows.find((one) => one.name === name);
  return row && !row.failed ? (row.values[metric] ?? []) : [];
}

const hasIdeal = (/** @type {Recording[]} */ recordings, /** @type {string} */ name) =>
  recordings.some((one) => one.rows.some((row) => row.name === name && row.idealMs));

const hasFigure = (/** @type {Recording[]} */ recordings, /** @type {string} */ name, /** @type {string} */ metric) =>
  recordings.some((one) => {
    const values = valuesOf(one, name, metric);
    return values.length > 0 && median(values) > 0;
  });

/**
 * What a series is held against: the one chosen; else raw_epoll at the same point and days, of as many workers or of
 * the number nearest to it; else the first row that has the figure. Never itself: raw_epoll's own CPU is held against
 * the canary, and its time against the ideal, as it is spent waiting for the latency, or against the canary where there
 * is none. The same in all recordings, or its changes would be taken for the series'. Null: there is none.
 * @param {Recording[]} recordings
 * @param {string} name
 * @param {string} metric
 * @param {string} [chosen]
 * @returns {string | null}
 */
export function referenceOf(recordings, name, metric, chosen = '') {
  const { inMs } = historyMetrics[metric];
  if (chosen === canaryReference && inMs) return chosen;
  const waits = metric === 'real_time' && hasIdeal(recordings, name);
  if (chosen === idealReference && waits) return chosen;
  const rows = seriesOf(recordings).filter((one) => one.name !== name && hasFigure(recordings, one.name, metric));
  if (rows.some((one) => one.name === chosen)) return chosen;
  const self = named(name);
  if (self.strategy === floorStrategy && inMs) return waits ? idealReference : canaryReference;
  const floors = rows
    .filter((one) => one.strategy === floorStrategy && one.point === self.point && one.days === self.days)
    .sort((a, b) => Math.abs(a.workers - self.workers) - Math.abs(b.workers - self.workers));
  return (floors[0] ?? rows[0])?.name ?? null;
}

/** "raw_epoll 100", "the canary", "the ideal". */
export function rowInWords(/** @type {string} */ name) {
  if (name === canaryReference) return 'the canary';
  if (name === idealReference) return 'the ideal';
  const { label, workers } = named(name);
  return `${label} ${workers.toLocaleString('en')}`;
}
