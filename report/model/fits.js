/**
 * The least-squares line y = intercept + slope · x; null when all x are one.
 * @param {[number, number][]} points
 */
export function fitStraightLine(points) {
  const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  let xx = 0,
    xy = 0;
  for (const [x, y] of points) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
  }
  if (!(xx > 0)) return null;
  const slope = xy / xx;
  return { slope, intercept: meanY - slope * meanX };
}

/**
 * The power law y = factor · x^exponent: a straight line on two log axes, whose slope the exponent is. What is
 * not above zero has no logarithm and is left out; null when fewer than two x remain.
 * @param {[number, number][]} points
 */
export function fitPower(points) {
  const line = fitStraightLine(points.filter(([x, y]) => x > 0 && y > 0).map(([x, y]) => [Math.log(x), Math.log(y)]));
  return line && { exponent: line.slope, factor: Math.exp(line.intercept) };
}
