import { lookOf } from './look.js';

/**
 * Data that `track report --json` prints (bench/track/report.cpp). The page draws it and computes no statistics.
 *
 * @typedef {import('./look.js').Look} Look
 * @typedef {import('./units.js').Unit} Unit
 * @typedef {[min: number, median: number, max: number]} Spread  over a case's repetitions
 *
 * @typedef {{name: string, title: string, unit: Unit, better: 'lower' | 'higher' | 'none', meaning: string}} Column
 *
 * A client; prepare() adds its look. `kind` is that of the client: a strategy of the library, the floor or another
 * program.
 * @typedef {{name: string, label: string, family: string, language: string, transport: string, control_flow: string,
 *   code_changes: string, kind: 'library' | 'floor' | 'program', look: Look}} Strategy
 *
 * A case's result. `figures` are by column, and empty if the case failed. `frontier` has the memory columns in whose
 * Pareto frontier with time the case is. `days` is the older name of `items`. prepare() adds the strategy's facts.
 * @typedef {{name: string, strategy: string, label: string, loops: number, workers: number, days: number,
 *   items: number, point: string, task: string, connections: string, warm_up: number, client_version: string,
 *   repetitions: number, failed: {count: number, reason: string} | null, notes: string[],
 *   figures: Record<string, Spread>, frontier: string[], look: Look, facts: Strategy}} Row
 *
 * Cases of a point are equal in all parameters but strategy, loops, workers and items.
 * @typedef {{id: string, title: string, kind: string, task: string, connections: string, warm_up: number}} Point
 *
 * Memory over time of one repetition: KiB at times in ms since the start.
 * @typedef {{repetition: number, phases_ms: Record<string, number>, points: [ms: number, kib: number][]}} Curve
 *
 * A power law, factor · workers^exponent, and the slope of a straight line.
 * @typedef {{point: string, label: string, column: string, exponent: number, factor: number, slope: number,
 *   cases: string[]}} Fit
 *
 * @typedef {{case: string, time_ratio: number | null, memory_ratio: number | null, text: string}} Comparison
 * @typedef {{point: string, headline: string, rows: Comparison[]}} Recommendation
 *
 * @typedef {{id: string, title: string, file: string, context: Record<string, unknown>,
 *   points: Point[], cases: Row[], answers: Recommendation[], fits: Fit[],
 *   timeline: {sample_every_ms: number, curves: Record<string, Curve>} | null}} Dataset
 *
 * @typedef {[before: number, after: number]} Pair
 * @typedef {{id: string, commit: string, dirty: boolean, subject: string, recorded: string, commit_date: string,
 *   program: string, compiler: string, canary: Pair, load: Pair, steal: number}} Recording
 *
 * A recording of a series: `at` is its index. Without `enough` repetitions, `low` and `high` are the minimum and
 * maximum. Only the series with the default reference has `samples`, the figures of the repetitions.
 * @typedef {{at: number, figure: number, reference: number, ratio: number, low: number, high: number,
 *   enough: boolean, samples?: number[]}} HistoryPoint
 *
 * A change begins at a point of the series, of index `at`.
 * @typedef {{at: number, factor: number | null, worse: boolean, confirmed: boolean, same_program: boolean,
 *   text: string}} Change
 *
 * @typedef {{row: string, metric: string, reference: {name: string, title: string}, is_default: boolean,
 *   points: HistoryPoint[], failed: {at: number, reason: string}[], band: {size: number, text: string},
 *   changes: Change[], levels: {from: number, to: number, level: number}[],
 *   accepted: {at: number, commit: string, reason: string}[]}} Series
 *
 * @typedef {{name: string, strategy: string, label: string, workers: number, point: string, look: Look}} HistoryRow
 * @typedef {{name: string, label: string, unit: Unit, exact: boolean}} Metric
 *
 * Recordings of one machine and setting, in commit order.
 * @typedef {{id: string, title: string, machine: string, recordings: Recording[], rows: HistoryRow[],
 *   series: Series[]}} Group
 *
 * @typedef {{version: number, columns: Column[], strategies: Strategy[], datasets: Dataset[],
 *   history: {metrics: Metric[], groups: Group[]}, broken: {file: string, reason: string}[]}} Payload
 */

/** Characters that are invisible or change the order of reading. Line ends and tabs are blanks in HTML. */
const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/g;

/** "a\u{202e}b": shows what a file hides. */
const visible = (/** @type {string} */ text) =>
  text.replace(hidden, (character) => `\\u{${character.charCodeAt(0).toString(16).padStart(4, '0')}}`);

/** Parses a payload, with names and texts of files in visible characters. */
export function parsePayload(/** @type {string} */ text) {
  return JSON.parse(text, (_, value) => {
    if (typeof value === 'string') return visible(value);
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [visible(key), member]));
  });
}

/** A strategy of which the payload has no facts. @returns {Strategy} */
function unknownStrategy(/** @type {string} */ name) {
  const facts = { name, label: name, family: '', language: '', transport: '', control_flow: '', code_changes: '' };
  return { ...facts, kind: 'program', look: lookOf(facts, 0) };
}

/**
 * Adds its strategy's facts and look to each row. The payload is changed in place.
 * @param {any} payload
 * @returns {Payload}
 */
export function prepare(payload) {
  /** @type {Map<string, Strategy>} */
  const known = new Map();
  for (const strategy of payload.strategies) {
    strategy.look = lookOf(strategy, known.size);
    known.set(strategy.name, strategy);
  }
  const find = (/** @type {string} */ name) => known.get(name) ?? unknownStrategy(name);
  for (const dataset of payload.datasets) {
    for (const row of dataset.cases) {
      row.facts = find(row.strategy);
      row.look = row.facts.look;
    }
  }
  for (const group of payload.history.groups) for (const row of group.rows) row.look = find(row.strategy).look;
  return payload;
}

/** "day" or "item": the noun for a row's items. */
export const itemNoun = (/** @type {{task: string}} */ { task }) => (task === 'scrape' ? 'day' : 'item');

/** The median of one figure, or NaN. */
export const median = (/** @type {Row} */ row, /** @type {string} */ column) => row.figures[column]?.[1] ?? NaN;

/** "coroutines 100": a row's short name in figures and lists. */
export const rowName = (/** @type {{label: string, workers: number}} */ { label, workers }) =>
  `${label} ${workers.toLocaleString('en')}`;
