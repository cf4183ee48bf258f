/** @param {number[]} values at least one */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Least, median and most: with five repetitions quartiles would say no more.
 * @param {number[]} values at least one
 * @returns {import('./types.js').Spread}
 */
export function spreadOf(values) {
  return [Math.min(...values), median(values), Math.max(...values)];
}
