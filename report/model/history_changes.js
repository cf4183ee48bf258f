import { median } from './spread.js';

/**
 * @typedef {import('./history.js').Point} Point
 * @typedef {object} Change
 * @property {number} at          the first point of the new level
 * @property {number} factor      the new level over the one before
 * @property {boolean} worse
 * @property {boolean} confirmed  a noisy one: whether the next point says so too
 * @property {boolean} sameProgram  whether the client is byte for byte the one before: then it is not the client's doing
 */

/**
 * Of noisy figures: a point begins a new level when its interval lies beyond the interval of the level before by more
 * than the band, and the next point's does, to the same side; so one stray recording is no change. The last point has
 * no next: it may be one, not confirmed. A level's interval is made of the medians of its points' ends.
 * @param {Point[]} points
 * @param {number} band a share
 * @returns {Change[]}
 */
export function noisyChanges(points, band) {
  /** @type {Change[]} */
  const changes = [];
  let first = 0;
  for (let at = 1; at < points.length; ++at) {
    const level = points.slice(first, at);
    const [low, high] = [median(level.map((one) => one.low)), median(level.map((one) => one.high))];
    const side = (/** @type {Point} */ one) => (one.low > high * (1 + band) ? 1 : one.high < low / (1 + band) ? -1 : 0);
    const found = side(points[at]);
    const next = points[at + 1];
    if (!found || (next && side(next) !== found)) continue;
    const after = next ? median([points[at].ratio, next.ratio]) : points[at].ratio;
    changes.push({
      at,
      factor: after / median(level.map((one) => one.ratio)),
      worse: found > 0,
      confirmed: next !== undefined,
      sameProgram: points[at].recording.program === points[at - 1].recording.program,
    });
    first = at;
  }
  return changes;
}

/**
 * Of counted figures, the counts themselves: what differs from the first count of the level by more than the limit.
 * @param {Point[]} points
 * @param {(count: number) => number} limitAt
 * @returns {Change[]}
 */
export function exactChanges(points, limitAt) {
  /** @type {Change[]} */
  const changes = [];
  let level = points[0]?.figure ?? 0;
  points.forEach((point, at) => {
    if (Math.abs(point.figure - level) <= limitAt(level)) return;
    changes.push({
      at,
      factor: level > 0 ? point.figure / level : Infinity,
      worse: point.figure > level,
      confirmed: true,
      sameProgram: point.recording.program === points[at - 1].recording.program,
    });
    level = point.figure;
  });
  return changes;
}
