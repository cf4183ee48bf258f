import * as Plot from '@observablehq/plot';

import { figure } from '../../model/cases.js';
import { memoryMeasures } from '../../model/memory_measures.js';
import { bytes, seconds, times, workersInWords } from '../../model/units.js';
import { byteAxis, timeAxis } from './axes.js';
import { frontierMarks, frontiers } from './frontier_line.js';
import { caseMark, colourOfCase, figureStyle, identityScales } from './look.js';
import { markLabels } from './mark_labels.js';

/** @typedef {import('../../model/types.js').Case} Case */

const time = (/** @type {Case} */ one) => Number(figure(one, 'time_s'));

/** The cases that have both figures, and both above zero, where a log axis has room for them. */
export function drawable(/** @type {Case[]} */ cases, /** @type {string} */ column) {
  return cases.filter((one) => time(one) > 0 && Number(figure(one, column)) > 0);
}

/** A log axis's ends: room around the marks, in parts of the way from the least to the most, and something even for one. */
function room(/** @type {number[]} */ values, /** @type {number} */ before, /** @type {number} */ after) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = Math.max(high / low, 1.3);
  return [low / span ** before, high * span ** after];
}

const wordsOf = (/** @type {string} */ column, /** @type {string} */ memory) => (/** @type {Case} */ one) => {
  const [low, mid, high] = one.figures.time_s;
  const [small, size, large] = one.figures[column];
  const ideal = figure(one, 'ideal_ratio');
  return (
    `${one.label}, ${workersInWords(one.workers)}: ${seconds(mid)} (${seconds(low)} to ${seconds(high)})` +
    `${ideal === undefined ? '' : `, ${times(ideal)} the ideal`}; ${memory} ${bytes(size)} (${bytes(small)} to ${bytes(large)})`
  );
};

/**
 * Time against memory: one mark a case, both axes logarithmic, min to max as whiskers, the frontier as steps.
 * @param {Case[]} cases
 * @param {{document?: Document, width: number, memory?: string}} options
 */
export function timeMemoryFigure(cases, { document, width, memory = 'peak' }) {
  const { column, words } = memoryMeasures[memory];
  const shown = drawable(cases, column);
  if (!shown.length) return null;
  const narrow = width < 560;
  const height = narrow ? 420 : 500;
  const x = room(
    shown.flatMap((one) => one.figures.time_s),
    0.06,
    narrow ? 0.12 : 0.16,
  );
  const y = room(
    shown.flatMap((one) => one.figures[column].filter((value) => value > 0)),
    0.08,
    0.1,
  );
  const lines = frontiers(shown, column);
  const memoryOf = (/** @type {Case} */ one) => one.figures[column][1];
  const least = (/** @type {Case} */ one) => Math.max(one.figures[column][0], y[0]);
  return /** @type {SVGSVGElement} */ (
    Plot.plot({
      ...(document ? { document } : {}),
      width,
      height,
      marginLeft: 62,
      marginRight: narrow ? 8 : 16,
      marginTop: 30,
      marginBottom: 44,
      style: figureStyle,
      ...identityScales,
      x: { type: 'log', domain: x },
      y: { type: 'log', domain: y },
      marks: [
        ...timeAxis(x, width - 80, 'time for the whole job, log scale →'),
        ...byteAxis(y, height - 74, `↑ ${words}, log scale`),
        ...frontierMarks(lines, column, { x, y, width: width - 78 }),
        Plot.ruleY(shown, {
          y: memoryOf,
          x1: (one) => one.figures.time_s[0],
          x2: (one) => one.figures.time_s[2],
          stroke: colourOfCase,
          strokeOpacity: 0.8,
          className: 'whiskers',
        }),
        Plot.ruleX(shown, {
          x: time,
          y1: least,
          y2: (one) => one.figures[column][2],
          stroke: colourOfCase,
          strokeOpacity: 0.8,
          className: 'whiskers',
        }),
        markLabels(shown, memoryOf, new Set(lines.flat()), narrow),
        Plot.dot(shown, { x: time, y: memoryOf, r: narrow ? 4 : 4.5, ...caseMark(wordsOf(column, words)) }),
      ],
    })
  );
}
