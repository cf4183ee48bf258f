import * as Plot from '@observablehq/plot';

import { scalings } from '../../model/scalings.js';
import { bytes, significant } from '../../model/units.js';
import { byteAxis, microsAxis, workersAxis } from './axes.js';
import { endLabels } from './end_labels.js';
import { caseMark, colourOfCase, figureStyle, identityScales } from './look.js';

/** @typedef {import('../../model/types.js').Case} Case */

/**
 * What is drawn against workers.
 * @type {Record<string, {column: string, title: string, unit: (value: number) => string}>}
 */
export const scalingFigures = {
  bytes: { column: 'rss_growth_bytes', title: 'growth of resident memory', unit: bytes },
  cpu: { column: 'cpu_us_per_request', title: 'CPU a request', unit: (value) => `${significant(value)} µs` },
};

/**
 * One figure against workers, both axes logarithmic: medians, min to max as whiskers, the fitted power as a line.
 * @param {Case[]} cases of one point
 * @param {keyof typeof scalingFigures} which
 * @param {{document?: Document, width: number}} options
 */
export function scalingFigure(cases, which, { document, width }) {
  const { column, title, unit } = scalingFigures[which];
  const all = scalings(cases, column);
  if (!all.length) return null;
  const shown = all.flatMap((one) => one.cases);
  const counts = [...new Set(shown.map((one) => one.workers))].sort((a, b) => a - b);
  const narrow = width < 420;
  const height = narrow ? 320 : 360;
  const textLength = Math.max(...all.map(({ label }) => label.length)) + (narrow ? 5 : 11);
  const heights = shown.flatMap((one) => one.figures[column].filter((value) => value > 0));
  const y = [Math.min(...heights) / 1.3, Math.max(...heights) * 1.3];
  const x = [counts[0] / 1.1, counts[counts.length - 1] * 1.1];
  const fitted = all.flatMap(({ label, cases: on, power }) =>
    [on[0], on[on.length - 1]].map((one) => ({
      label,
      stroke: colourOfCase(one),
      workers: one.workers,
      value: power.factor * one.workers ** power.exponent,
    })),
  );
  const valueOf = (/** @type {Case} */ one) => one.figures[column][1];
  return /** @type {SVGSVGElement} */ (
    Plot.plot({
      ...(document ? { document } : {}),
      width,
      height,
      marginLeft: 58,
      marginRight: Math.min(width * 0.4, 18 + textLength * (narrow ? 5.7 : 6.3)),
      marginTop: 30,
      marginBottom: 40,
      style: figureStyle,
      ...identityScales,
      x: { type: 'log', domain: x },
      y: { type: 'log', domain: y },
      marks: [
        ...workersAxis(counts),
        ...(which === 'bytes'
          ? byteAxis(y, height - 70, `↑ ${title}, log scale`)
          : microsAxis(y, height - 70, `↑ ${title}, log scale`)),
        Plot.line(fitted, {
          x: 'workers',
          y: 'value',
          z: 'label',
          stroke: 'stroke',
          strokeWidth: 1.25,
          strokeOpacity: 0.8,
          className: 'fitted',
        }),
        Plot.ruleX(shown, {
          x: 'workers',
          y1: (one) => Math.max(one.figures[column][0], y[0]),
          y2: (one) => one.figures[column][2],
          stroke: colourOfCase,
          className: 'whiskers',
        }),
        endLabels(all, column, narrow),
        Plot.dot(shown, {
          x: 'workers',
          y: valueOf,
          r: 4,
          ...caseMark(
            (one) =>
              `${one.label}, ${one.workers.toLocaleString('en')} workers: ${title} ${unit(valueOf(one))} (${unit(one.figures[column][0])} to ${unit(one.figures[column][2])})`,
          ),
        }),
      ],
    })
  );
}
