import { historyMetrics } from '../model/history_metrics.js';
import { memoryMeasures } from '../model/memory_measures.js';

/**
 * What is looked at, all of it in the URL's hash, so that a link shows the same.
 * @typedef {object} State
 * @property {string} data      a dataset's id; empty: the first
 * @property {string} point     empty: the dataset's first
 * @property {number[]} workers the counts that are left out
 * @property {string[]} hidden  the strategies (their labels) that are left out
 * @property {string} sort      a column's key, behind a minus for descending
 * @property {string} memory    one of memoryMeasures
 * @property {'log' | 'linear'} axes  of memory over time
 * @property {'' | 'shown'} ranges    least to most, in the table's cells
 * @property {string} machine    of the history; empty: the latest recording's
 * @property {string} setting    of the history; empty: the latest recording's
 * @property {string} metric     one of historyMetrics
 * @property {string} against    the reference: a row's name, "canary"; empty: the floor, or what there is
 * @property {string} series     the row that is shown large; empty: the one with most to tell
 * @property {string} recording  the one whose samples are shown; empty: none
 */

/** @type {State} */
const initial = {
  data: '',
  point: '',
  workers: [],
  hidden: [],
  sort: 'strategy',
  memory: 'peak',
  axes: 'log',
  ranges: '',
  machine: '',
  setting: '',
  metric: 'real_time',
  against: '',
  series: '',
  recording: '',
};
const texts = /** @type {const} */ (['machine', 'setting', 'against', 'series', 'recording']);

/**
 * The state that a hash names. What it doesn't name, or what isn't understood, is as at first.
 * @param {string} hash with or without its #
 * @returns {State}
 */
export function parseState(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const memory = fields.get('memory') ?? '';
  const metric = fields.get('metric') ?? '';
  return {
    ...initial,
    ...Object.fromEntries(texts.map((key) => [key, fields.get(key) ?? initial[key]])),
    data: fields.get('data') ?? initial.data,
    point: fields.get('point') ?? initial.point,
    workers: fields
      .getAll('without-workers')
      .map(Number)
      .filter((count) => count > 0),
    hidden: fields.getAll('without'),
    sort: fields.get('sort') ?? initial.sort,
    memory: Object.hasOwn(memoryMeasures, memory) ? memory : initial.memory,
    axes: fields.get('axes') === 'linear' ? 'linear' : initial.axes,
    ranges: fields.get('ranges') === 'shown' ? 'shown' : initial.ranges,
    metric: Object.hasOwn(historyMetrics, metric) ? metric : initial.metric,
  };
}

/** The hash that names a state, without what is as at first. */
export function formatState(/** @type {State} */ state) {
  const fields = new URLSearchParams();
  for (const key of /** @type {const} */ (['data', 'point', 'sort', 'memory', 'axes', 'ranges', 'metric', ...texts])) {
    if (state[key] !== initial[key]) fields.set(key, state[key]);
  }
  for (const count of state.workers) fields.append('without-workers', String(count));
  for (const label of state.hidden) fields.append('without', label);
  const text = fields.toString();
  return text && `#${text}`;
}
