/**
 * The Pareto frontier: what nothing beats in the one without losing in the other, by rising x. Of equals, the first.
 * @template T
 * @param {T[]} all
 * @param {(one: T) => number} x  less is better
 * @param {(one: T) => number} y  less is better
 * @returns {T[]}
 */
export function frontier(all, x, y) {
  const sorted = [...all].sort((a, b) => x(a) - x(b) || y(a) - y(b));
  let least = Infinity;
  return sorted.filter((one) => {
    if (!(y(one) < least)) return false;
    least = y(one);
    return true;
  });
}
