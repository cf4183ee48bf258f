/**
 * Heights as near as can be to those that are wanted, in their order and so far apart that text does not meet text.
 * @param {number[]} wanted
 * @param {number} gap
 * @param {number} least
 * @param {number} most
 */
export function dodged(wanted, gap, least, most) {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b]);
  const heights = [...wanted];
  let free = least;
  for (const index of order) {
    heights[index] = Math.max(wanted[index], free);
    free = heights[index] + gap;
  }
  let limit = most;
  for (const index of order.reverse()) {
    heights[index] = Math.min(heights[index], limit);
    limit = heights[index] - gap;
  }
  return heights;
}
