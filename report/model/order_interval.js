import { median } from './spread.js';

/**
 * The interval of a median that needs no knowledge of the noise: as many of n values lie below their median as a fair
 * coin shows heads, so the k-th smallest and largest bound it with a probability that the binomial distribution gives.
 * Where there are too few values for the confidence it is from the least to the most, and says so.
 * @param {number[]} values at least one
 * @param {number} confidence
 * @returns {{low: number, median: number, high: number, enough: boolean}}
 */
export function intervalOfMedian(values, confidence) {
  const sorted = [...values].sort((a, b) => a - b);
  const spared = sparedAt(sorted.length, (1 - confidence) / 2);
  const cut = Math.max(1, spared);
  return {
    low: sorted[cut - 1],
    median: median(sorted),
    high: sorted[sorted.length - cut],
    enough: spared >= 1,
  };
}

/** The greatest k with a chance of fewer than k heads that is no more than the tail's; 0 of none. */
function sparedAt(/** @type {number} */ count, /** @type {number} */ tail) {
  // In logarithms: 0.5^n is no double's beyond a thousand tosses.
  let [logChance, below, k] = [-count * Math.LN2, 0, 0];
  for (; k < count; ++k) {
    below += Math.exp(logChance);
    if (below > tail * (1 + 1e-9)) return k;
    logChance += Math.log((count - k) / (k + 1));
  }
  return k;
}
