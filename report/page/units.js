/**
 * Formats values of the payload's units as text: ms, us, bytes, ratio, share, count, per_second and s.
 * @typedef {'ms' | 'us' | 's' | 'bytes' | 'ratio' | 'share' | 'count' | 'per_second'} Unit
 */

/** "0.316", "1.47", "29.1", "481": a fixed number of significant digits, but never fewer than the integer part has. */
export function significant(/** @type {number} */ value, digits = 3) {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return '–';
  const integerDigits = Math.floor(Math.log10(Math.abs(value))) + 1;
  return value.toFixed(Math.min(20, Math.max(0, digits - integerDigits)));
}

/** "40.0 µs", "320 ms", "1.47 s". */
export function duration(/** @type {number} */ ms) {
  if (ms >= 1000) return `${significant(ms / 1000)} s`;
  return ms >= 1 ? `${significant(ms)} ms` : `${significant(ms * 1000)} µs`;
}

/** Units of bytes with their sizes, largest first. */
export const byteUnits = { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10, B: 1 };

/** "512 B", "22.6 KiB", "14.4 MiB". */
export function bytes(/** @type {number} */ value) {
  const [unit, size] = Object.entries(byteUnits).find(([, unitSize]) => Math.abs(value) >= unitSize) ?? ['B', 1];
  return `${significant(value / size)} ${unit}`;
}

/** "1.04×", "2.1×", "50×": two decimals near 1, for differences of a percent. */
export function times(/** @type {number} */ ratio) {
  if (ratio < 1.2) return `${ratio.toFixed(2)}×`;
  return `${ratio.toFixed(ratio < 9.95 ? 1 : 0)}×`;
}

/** "1.043×", "12.30×": more digits than times(), for ratios whose small changes matter. */
export const preciseTimes = (/** @type {number} */ ratio) => `${significant(ratio, ratio >= 1 ? 4 : 3)}×`;

/** "12 %", "0.22 %". */
export function percent(/** @type {number} */ share) {
  const value = share * 100;
  return `${value >= 9.95 || value === 0 ? value.toFixed(0) : significant(value, 2)} %`;
}

/** "+12 %", "−3.1 %"; a factor of null is a change from zero. */
export function shift(/** @type {number | null} */ factor) {
  if (factor === null) return 'from zero';
  return `${factor < 1 ? '−' : '+'}${percent(Math.abs(factor - 1))}`;
}

/** "10,000". */
export const integer = (/** @type {number} */ value) => value.toLocaleString('en');

/** "1 worker", "10,000 workers". */
export const count = (/** @type {number} */ value, /** @type {string} */ noun) =>
  `${integer(value)} ${noun}${value === 1 ? '' : 's'}`;

/** "2026-11-06 09:30 UTC"; empty for an empty date. */
export function utc(/** @type {string} */ date) {
  const time = new Date(date);
  return Number.isNaN(time.getTime()) ? '' : `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** @type {Record<Unit, (value: number) => string>} */
const formats = {
  ms: duration,
  us: (value) => `${significant(value)} µs`,
  s: (value) => duration(value * 1000),
  bytes,
  ratio: times,
  share: percent,
  count: (value) => significant(value, 4),
  per_second: (value) => `${significant(value)}/s`,
};

/** A value with its unit: "14.4 MiB". */
export const format = (/** @type {number} */ value, /** @type {Unit} */ unit) =>
  (Object.hasOwn(formats, unit) ? formats[unit] : significant)(value);

/** Scales of a column, largest first. @type {Record<string, Record<string, number>>} */
const scales = {
  ms: { s: 1000, ms: 1 },
  us: { ms: 1000, µs: 1 },
  s: { s: 1 },
  bytes: byteUnits,
  share: { '%': 0.01 },
};

/**
 * The scale for a whole column of numbers, so that they compare at a glance: the largest that leaves the column's
 * middle value at 1 or more.
 * @param {Unit} unit
 * @param {number[]} values
 */
export function columnScale(unit, values) {
  const middle = [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
  const choices = Object.entries(scales[unit] ?? { '': 1 });
  const [suffix, divisor] = choices.find(([, size]) => middle >= size) ?? choices[choices.length - 1];
  return { divisor, suffix };
}

/** A table's number without its unit: "0.316", "12,345". */
export const plainNumber = (/** @type {number} */ value) =>
  Math.abs(value) >= 10_000 ? integer(Math.round(value)) : significant(value);
