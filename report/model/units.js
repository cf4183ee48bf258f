/** So many digits as tell something apart: 0.316, 1.47, 29.1, 481. */
export function significant(/** @type {number} */ value, digits = 3) {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return '–';
  const whole = Math.floor(Math.log10(Math.abs(value))) + 1;
  return value.toFixed(Math.min(20, Math.max(0, digits - whole)));
}

/** "320 ms", "1.47 s". */
export function seconds(/** @type {number} */ value) {
  if (value >= 1) return `${significant(value)} s`;
  return value >= 1e-3 ? `${significant(value * 1e3)} ms` : `${significant(value * 1e6)} µs`;
}

/** "512 B", "22.6 KiB", "14.4 MiB". */
export function bytes(/** @type {number} */ value) {
  const size = Math.abs(value);
  if (size >= 2 ** 30) return `${significant(value / 2 ** 30)} GiB`;
  if (size >= 2 ** 20) return `${significant(value / 2 ** 20)} MiB`;
  return size >= 2 ** 10 ? `${significant(value / 2 ** 10)} KiB` : `${significant(value)} B`;
}

/** "1.04×", "2.1×", "50×": finer about one, where a percent tells. */
export function times(/** @type {number} */ ratio) {
  if (ratio < 1.2) return `${ratio.toFixed(2)}×`;
  return `${ratio.toFixed(ratio < 9.95 ? 1 : 0)}×`;
}

/** "12 %". */
export function percent(/** @type {number} */ share) {
  const value = share * 100;
  return `${value >= 9.95 || value === 0 ? value.toFixed(0) : significant(value, 2)} %`;
}

/** "a", "a and b", "a, b and c". */
export function listed(/** @type {string[]} */ words) {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;
}

/** "1 worker", "10,000 workers". */
export const workersInWords = (/** @type {number} */ count) =>
  `${count.toLocaleString('en')} ${count === 1 ? 'worker' : 'workers'}`;

export const capital = (/** @type {string} */ text) => text.charAt(0).toUpperCase() + text.slice(1);
