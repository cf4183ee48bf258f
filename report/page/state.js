/**
 * Choices of the reader. All are in the URL's hash, so that a link restores them.
 * @typedef {object} State
 * @property {string} data      a dataset's id; empty: the first.
 * @property {string} point     empty: the dataset's first.
 * @property {number[]} workers worker counts that are hidden.
 * @property {string[]} hidden  labels that are hidden.
 * @property {string} sort      a column's name, after a minus if descending; "strategy": the payload's order.
 * @property {string} memory    one of memoryMeasures.
 * @property {'log' | 'linear'} axes  of memory over time.
 * @property {'' | 'shown'} ranges    minimum and maximum in the tables' cells.
 * @property {string} client_workers  number of workers of the clients; empty: the one that most have.
 * @property {string[]} languages     languages of clients that are hidden.
 * @property {string} client_sort     of the clients, as `sort`.
 * @property {string} group     of the history; empty: the one recorded last.
 * @property {string} metric    empty: the first.
 * @property {string} against   the reference's name; empty: the default one.
 * @property {string} series    the row in the large figure; empty: the one with the latest regression.
 * @property {string} recording the one whose details are open; empty: none.
 */

/** Columns that "memory" can mean. @type {Record<string, {column: string, title: string}>} */
export const memoryMeasures = {
  peak: { column: 'rss_peak_bytes', title: 'peak resident memory' },
  growth: { column: 'rss_growth_bytes', title: 'growth over the memory at rest' },
  heap: { column: 'heap_peak_bytes', title: 'peak of allocated bytes' },
};

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
  client_workers: '',
  languages: [],
  client_sort: 'real_time',
  group: '',
  metric: '',
  against: '',
  series: '',
  recording: '',
};
const texts = /** @type {const} */ ([
  'data',
  'point',
  'sort',
  'memory',
  'axes',
  'ranges',
  'client_workers',
  'client_sort',
  'group',
  'metric',
  'against',
  'series',
  'recording',
]);

/**
 * Parses a hash, with or without its "#". Missing and invalid fields have their initial value.
 * @param {string} hash
 * @returns {State}
 */
export function parseState(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const values = Object.fromEntries(texts.map((key) => [key, fields.get(key) ?? initial[key]]));
  const { memory, axes, ranges } = values;
  return {
    ...initial,
    ...values,
    workers: fields
      .getAll('without-workers')
      .map(Number)
      .filter((workers) => workers > 0),
    hidden: fields.getAll('without'),
    languages: fields.getAll('without-language'),
    memory: Object.hasOwn(memoryMeasures, memory) ? memory : initial.memory,
    axes: axes === 'linear' ? 'linear' : 'log',
    ranges: ranges === 'shown' ? 'shown' : '',
  };
}

/** The hash of a state, without fields that have their initial value. */
export function formatState(/** @type {State} */ state) {
  const fields = new URLSearchParams();
  for (const key of texts) {
    if (state[key] !== initial[key]) fields.set(key, state[key]);
  }
  for (const workers of state.workers) fields.append('without-workers', String(workers));
  for (const label of state.hidden) fields.append('without', label);
  for (const language of state.languages) fields.append('without-language', language);
  const text = fields.toString();
  return text && `#${text}`;
}
