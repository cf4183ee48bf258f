/** The steps of a decade that ticks may stand at, from the fewest. */
const steps = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7], [1, 2, 3, 4, 5, 6, 7, 8, 9]];

const round = (/** @type {number} */ value) => Number(value.toPrecision(12));

/** Multiples of a round step within the ends. */
export function evenTicks(/** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ most) {
  const rough = (high - low) / most;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * decade).find((size) => size >= rough) ?? decade;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.max(0, Math.floor(high / step + 1e-9) - first + 1) }, (_, index) =>
    round((first + index) * step),
  );
}

/**
 * Ticks for a log axis: at round numbers, as many as leave each so much room; where decades have too few, as on a
 * short axis, at even distances.
 * @param {number[]} ends both above zero
 * @param {number} length of the axis in pixels
 * @param {number} room   that a tick needs
 */
export function logTicks([low, high], length, room) {
  const lowest = Math.floor(Math.log10(low));
  const decades = Array.from(
    { length: Math.ceil(Math.log10(high)) - lowest + 1 },
    (_, index) => 10 ** (lowest + index),
  );
  const place = (/** @type {number} */ value) => (Math.log(value / low) / Math.log(high / low)) * length;
  const fits = (/** @type {number[]} */ ticks) =>
    ticks.every((tick, index) => index === 0 || place(tick) - place(ticks[index - 1]) >= room);
  const sparse = [3, 2].map((every) => decades.filter((decade) => Math.round(Math.log10(decade)) % every === 0));
  const dense = steps.map((factors) => decades.flatMap((decade) => factors.map((factor) => round(factor * decade))));
  const fitting = [...sparse, ...dense]
    .map((ticks) => ticks.filter((value) => value >= low * 0.999 && value <= high * 1.001))
    .filter(fits);
  const densest = fitting[fitting.length - 1] ?? [];
  return densest.length >= 3 || high / low > 10
    ? densest
    : evenTicks(low, high, Math.max(2, Math.floor(length / room / 1.3)));
}
