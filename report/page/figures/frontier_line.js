import * as Plot from '@observablehq/plot';

import { figure } from '../../model/cases.js';
import { frontier } from '../../model/pareto.js';
import { strategyOf } from '../../model/strategies.js';
import { colour } from '../palette.js';

/** @typedef {import('../../model/types.js').Case} Case */

const time = (/** @type {Case} */ one) => Number(figure(one, 'time_s'));
const isOffered = (/** @type {Case} */ one) => strategyOf(one.strategy).family !== 'floor';

/** A frontier for each job: what was asked to do ten times as much is not to be compared. */
export function frontiers(/** @type {Case[]} */ cases, /** @type {string} */ column) {
  const jobs = [...new Set(cases.map((one) => one.days))];
  const memory = (/** @type {Case} */ one) => Number(figure(one, column));
  return jobs
    .map((days) =>
      frontier(
        cases.filter((one) => one.days === days && isOffered(one)),
        time,
        memory,
      ),
    )
    .filter((on) => on.length);
}

/** The frontier as steps, from the top of the frame to its right edge: what lies above and right of it is beaten. */
function steps(
  /** @type {Case[]} */ on,
  /** @type {string} */ column,
  /** @type {number} */ top,
  /** @type {number} */ right,
) {
  const corners = on.map((one) => ({ x: time(one), y: Number(figure(one, column)) }));
  return [{ x: corners[0].x, y: top }, ...corners, { x: right, y: corners[corners.length - 1].y }];
}

/**
 * Where a frontier is named: over the right end of its longest level step, if that is long enough for the words and
 * the labels of the marks at its ends.
 */
function nameOf(
  /** @type {{x: number, y: number}[]} */ corners,
  /** @type {number[]} */ x,
  /** @type {number} */ width,
  /** @type {string} */ text,
) {
  const levels = corners.slice(1).map((corner, index) => ({
    x: corner.x,
    y: corners[index].y,
    length: (Math.log(corner.x / corners[index].x) / Math.log(x[1] / x[0])) * width,
  }));
  const longest = levels.slice(1).reduce((most, one) => (one.length > most.length ? one : most));
  return longest.length > text.length * 5.5 + 150 ? [{ ...longest, text }] : [];
}

const frontierWords = (/** @type {Case[]} */ on, /** @type {number} */ count) =>
  `nothing on offer is both faster and leaner${count > 1 ? `, ${on[0].days.toLocaleString('en')} days` : ''}`;

/**
 * Marks for the frontiers: dashed steps, and what they mean.
 * @param {Case[][]} all
 * @param {string} column of memory
 * @param {{x: number[], y: number[], width: number}} frame the axes' ends, and the length of the one below
 */
export function frontierMarks(all, column, { x, y, width }) {
  const lines = all.map((on) => ({ on, corners: steps(on, column, y[1], x[1]) }));
  const look = { stroke: colour('quiet'), strokeWidth: 1.25, strokeDasharray: '5,3', className: 'frontier' };
  const names = lines.flatMap(({ on, corners }) => nameOf(corners, x, width, frontierWords(on, all.length)));
  return [
    ...lines.map(({ corners }) => Plot.line(corners, { x: 'x', y: 'y', curve: 'step-after', ...look })),
    Plot.text(names, {
      x: 'x',
      y: 'y',
      text: 'text',
      textAnchor: 'end',
      dx: -6,
      dy: -7,
      fill: colour('quiet'),
      fontStyle: 'italic',
    }),
  ];
}
