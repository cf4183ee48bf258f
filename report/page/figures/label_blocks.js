/**
 * Labels for points that may lie upon each other: neighbours share one block of lines beside them, from which a thin
 * leader goes to each point, and the blocks avoid each other, the other points and the frame's edge.
 *
 * @typedef {{x: number, y: number, width: number, rank: number}} Point  in pixels; a lower rank is wanted more
 * @typedef {{index: number, x: number, y: number, anchor: 'start' | 'end', leader: boolean}} Label
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box
 */

const near = 26; // points closer than this in both directions share a block
const away = 11; // from the points to their block
const mark_radius = 6;

/** Groups of points of which each is near to another. @param {Point[]} points */
function neighbours(points) {
  /** @type {number[][]} */
  const groups = [];
  points.forEach((point, index) => {
    const joined = groups.filter((group) =>
      group.some((other) => Math.abs(points[other].x - point.x) < near && Math.abs(points[other].y - point.y) < near),
    );
    const merged = [...joined.flat(), index];
    for (const group of joined) groups.splice(groups.indexOf(group), 1);
    groups.push(merged);
  });
  return groups;
}

/** @param {Box} a @param {Box} b */
function overlap(a, b) {
  return (
    Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
    Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top))
  );
}

/** @param {Box} box @param {Box} frame */
function outside(box, frame) {
  return (
    Math.max(0, frame.left - box.left) +
    Math.max(0, box.right - frame.right) +
    Math.max(0, frame.top - box.top) +
    Math.max(0, box.bottom - frame.bottom)
  );
}

/** Where a group's block may stand: right or left of it, at its height or higher or lower, near first. */
function* places(/** @type {Point[]} */ group, /** @type {number} */ lineHeight) {
  const width = Math.max(...group.map((one) => one.width));
  const height = group.length * lineHeight;
  const middle = group.reduce((sum, one) => sum + one.y, 0) / group.length;
  const left = Math.min(...group.map((one) => one.x));
  const right = Math.max(...group.map((one) => one.x));
  for (let step = 0; step <= 24; ++step) {
    const shift = (step % 2 ? 1 : -1) * Math.ceil(step / 2) * lineHeight * 0.75;
    for (const gap of [away, away * 3, away * 6]) {
      const top = middle - height / 2 + shift;
      yield {
        anchor: /** @type {const} */ ('start'),
        far: Math.abs(shift) + gap,
        left: right + gap,
        right: right + gap + width,
        top,
        bottom: top + height,
      };
      yield {
        anchor: /** @type {const} */ ('end'),
        far: Math.abs(shift) + gap + 2,
        left: left - gap - width,
        right: left - gap,
        top,
        bottom: top + height,
      };
    }
  }
}

/**
 * @param {Point[]} points
 * @param {Box} frame
 * @param {number} lineHeight
 * @param {boolean} onlyWhatFits whether a block without a free place is left out rather than put over others
 * @returns {Label[]}
 */
export function placeLabels(points, frame, lineHeight, onlyWhatFits = false) {
  /** @type {Box[]} */
  const taken = [];
  const dots = points.map(({ x, y }) => ({
    left: x - mark_radius,
    right: x + mark_radius,
    top: y - mark_radius,
    bottom: y + mark_radius,
  }));
  const best = (/** @type {number[]} */ group) => Math.min(...group.map((index) => points[index].rank));
  const groups = neighbours(points).sort((a, b) => (onlyWhatFits ? best(a) - best(b) : b.length - a.length));
  return groups.flatMap((group) => {
    const members = group.map((index) => points[index]);
    const costOf = (/** @type {Box & {far: number}} */ place) =>
      outside(place, frame) * 1000 +
      taken.reduce((sum, box) => sum + overlap(place, box), 0) * 20 +
      dots.reduce((sum, dot) => sum + overlap(place, dot), 0) * 20 +
      place.far;
    const ranked = [...places(members, lineHeight)].map((place) => ({ place, cost: costOf(place) }));
    const { place, cost } = ranked.reduce((least, one) => (one.cost < least.cost ? one : least));
    if (onlyWhatFits && cost > 400) return [];
    taken.push(place);
    const x = place.anchor === 'start' ? place.left : place.right;
    return [...group]
      .sort((a, b) => points[a].y - points[b].y || points[a].rank - points[b].rank)
      .map((index, line) => {
        const y = place.top + (line + 0.5) * lineHeight;
        return {
          index,
          x,
          y,
          anchor: place.anchor,
          leader: Math.abs(points[index].x - x) > away + 3 || Math.abs(points[index].y - y) > 3,
        };
      });
  });
}
