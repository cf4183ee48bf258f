/** The steps of a decade that ticks may stand at, from the fewest. */
const steps = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7], [1, 2, 3, 4, 5, 6, 7, 8, 9]];

/** Multiples of a round step within the ends. */
function evenTicks(/** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ most) {
  const rough = (high - low) / most;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * decade).find((size) => size >= rough) ?? decade;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.max(0, Math.floor(high / step + 1e-9) - first + 1) }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/**
 * Ticks for a log axis: as many as fit, at round numbers; on a short axis, where decades have none, at even distances.
 * @param {[number, number] | number[]} ends both above zero
 * @param {number} most
 */
export function logTicks([low, high], most) {
  const decades = Array.from({ length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 }, (_, index) => 10 ** (Math.floor(Math.log10(low)) + index));
  const fitting = steps.map((factors) => decades.flatMap((decade) => factors.map((factor) => Number((factor * decade).toPrecision(12))))
    .filter((value) => value >= low * 0.999 && value <= high * 1.001)).filter((ticks) => ticks.length <= most);
  const densest = fitting[fitting.length - 1] ?? [];
  return densest.length >= 3 || high / low > 10 ? densest : evenTicks(low, high, most);
}
