/**
 * Of a case's curves that of the repetition whose wall time is the median; of an even number the lower one in the
 * middle. Where that one has no curve, the curve whose time is nearest to it.
 * @template {{repetition: number}} T
 * @param {T[]} curves at least one
 * @param {import('../model/types.js').Repetition[]} rows the case's
 * @returns {T}
 */
export function typicalRepetition(curves, rows) {
  const timed = rows
    .filter((row) => row.time_s !== undefined)
    .map((row) => ({ index: row.index, time: Number(row.time_s) }))
    .sort((a, b) => a.time - b.time || a.index - b.index);
  if (!timed.length) return curves[0];
  const typical = timed[(timed.length - 1) >> 1];
  const away = (/** @type {T} */ curve) => {
    if (curve.repetition === typical.index) return -1;
    const row = timed.find((one) => one.index === curve.repetition);
    return row ? Math.abs(row.time - typical.time) : Infinity;
  };
  return curves.reduce((best, one) => (away(one) < away(best) ? one : best));
}
