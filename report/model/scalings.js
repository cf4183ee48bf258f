import { figure } from './cases.js';
import { fitPower, fitStraightLine } from './fits.js';

/** @typedef {import('./types.js').Case} Case */

/**
 * The strategies measured at two worker counts or more, each with its cases, its fitted power and line.
 * @param {Case[]} cases of one point
 * @param {string} column
 */
export function scalings(cases, column) {
  const labels = [...new Set(cases.map((one) => one.label))];
  return labels.flatMap((label) => {
    const on = cases
      .filter((one) => one.label === label && Number(figure(one, column)) > 0)
      .sort((a, b) => a.workers - b.workers);
    const points = on.map((one) => /** @type {[number, number]} */ ([one.workers, Number(figure(one, column))]));
    const [power, line] = [fitPower(points), fitStraightLine(points)];
    return power && line ? [{ label, cases: on, power, line }] : [];
  });
}
