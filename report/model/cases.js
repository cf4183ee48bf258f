import { parseCaseName } from './case_name.js';
import { spreadOf } from './spread.js';
import { strategyRank } from './strategies.js';

/**
 * What follows from a repetition's columns: how much of its time was work.
 * @param {import('./types.js').Repetition} row
 * @returns {Record<string, number>}
 */
function derived(row) {
  const { cpu_us_per_request: cpu, requests_per_second: rate, ideal_ratio: ratio } = row.columns;
  /** @type {Record<string, number>} */
  const more = {};
  const time = row.time_s;
  if (time === undefined) return more;
  more.time_s = time;
  if (cpu !== undefined && rate !== undefined && time > 0) {
    more.cpu_s = (cpu * rate * time) / 1e6;
    more.cpu_share = more.cpu_s / time;
  }
  if (ratio > 0) more.ideal_s = time / ratio;
  return more;
}

/** @param {import('./types.js').Repetition[]} rows */
function figuresOf(rows) {
  /** @type {Map<string, number[]>} */
  const values = new Map();
  for (const row of rows) {
    for (const [column, value] of Object.entries({ ...row.columns, ...derived(row) })) {
      if (!values.has(column)) values.set(column, []);
      values.get(column)?.push(value);
    }
  }
  return Object.fromEntries([...values].map(([column, all]) => [column, spreadOf(all)]));
}

/**
 * One case of all its repetitions. One that failed fails the case, as in the bench's own table, and then no
 * figure of it is shown: it would be of something else than what the row is named for.
 * @param {import('./types.js').Repetition[]} rows
 * @returns {import('./types.js').Case}
 */
function caseOf(rows) {
  const named = /** @type {import('./types.js').NamedCase} */ (parseCaseName(rows[0].name));
  const failures = rows.filter((row) => row.failure !== undefined);
  return {
    ...named,
    repetitions: rows.length,
    failed: failures.length ? { count: failures.length, reason: String(failures[0].failure) } : null,
    notes: [...new Set(rows.map((row) => row.note ?? '').filter(Boolean))],
    figures: failures.length ? {} : figuresOf(rows),
  };
}

/**
 * The cases that the repetitions belong to, in the order in which they are shown: by strategy, then workers.
 * @param {import('./types.js').Repetition[]} rows
 * @returns {import('./types.js').Case[]}
 */
export function casesOf(rows) {
  /** @type {Map<string, import('./types.js').Repetition[]>} */
  const byName = new Map();
  for (const row of rows) {
    const { name } = /** @type {import('./types.js').NamedCase} */ (parseCaseName(row.name));
    byName.set(name, [...(byName.get(name) ?? []), row]);
  }
  return [...byName.values()]
    .map(caseOf)
    .sort(
      (a, b) =>
        strategyRank(a.strategy) - strategyRank(b.strategy) ||
        compare(a.label, b.label) ||
        a.workers - b.workers ||
        Number(a.latency) - Number(b.latency) ||
        compare(a.name, b.name),
    );
}

/** By code units, so that no locale changes the order. */
const compare = (/** @type {string} */ a, /** @type {string} */ b) => (a < b ? -1 : a > b ? 1 : 0);

/** The median of one figure; undefined where the case has none. */
export const figure = (/** @type {import('./types.js').Case} */ one, /** @type {string} */ column) =>
  one.figures[column]?.[1];
