import * as Plot from '@observablehq/plot';

import { figureStyle, identityScales, paddedDomain } from './axes.js';
import { rowLabels } from './labels.js';
import { rowMark } from './look.js';
import { median } from './payload.js';

/**
 * A figure with a labelled mark per row, both axes logarithmic.
 *
 * @typedef {import('./payload.js').Row} Row
 * @typedef {{column: string, axis: import('./axes.js').LogAxis, label: string}} ScatterAxis
 * @typedef {{x: number[], y: number[]}} Domains
 */

/** Rows with both figures above zero, as log axes need. */
export const drawable = (/** @type {Row[]} */ rows, /** @type {string[]} */ columns) =>
  rows.filter((row) => columns.every((column) => median(row, column) > 0));

/**
 * The figure, with whiskers from minimum to maximum. Null without rows to draw.
 * @param {Row[]} rows
 * @param {object} options
 * @param {Document} [options.document]
 * @param {number} options.width
 * @param {ScatterAxis} options.x
 * @param {ScatterAxis} options.y
 * @param {(row: Row) => string} options.text of a mark's tooltip
 * @param {(row: Row) => string} options.rest of a mark's label, after the strategy's
 * @param {(row: Row) => boolean} options.isPreferred  whether a narrow figure labels the row before others
 * @param {(rows: Row[], domains: Domains) => any[]} [options.beneath]  further marks, below those of the rows
 */
export function scatterFigure(rows, { document, width, x, y, text, rest, isPreferred, beneath = () => [] }) {
  const visible = drawable(rows, [x.column, y.column]);
  if (!visible.length) return null;
  const narrow = width < 560;
  const height = narrow ? 420 : 500;
  const positive = (/** @type {string} */ column) =>
    visible.flatMap((row) => row.figures[column].filter((value) => value > 0));
  const domains = {
    x: paddedDomain(positive(x.column), 0.06, narrow ? 0.12 : 0.16),
    y: paddedDomain(positive(y.column), 0.08, 0.1),
  };
  const place = {
    x: (/** @type {Row} */ row) => median(row, x.column),
    y: (/** @type {Row} */ row) => median(row, y.column),
  };
  const lowest = (/** @type {Row} */ row, /** @type {string} */ column, /** @type {number[]} */ [low]) =>
    Math.max(row.figures[column][0], low);
  const whiskers = {
    stroke: (/** @type {Row} */ row) => row.look.stroke,
    strokeOpacity: 0.8,
    className: 'whiskers',
  };
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
      x: { type: 'log', domain: domains.x },
      y: { type: 'log', domain: domains.y },
      marks: [
        ...x.axis(domains.x, width - 80, x.label),
        ...y.axis(domains.y, height - 74, y.label),
        ...beneath(visible, domains),
        Plot.ruleY(visible, {
          y: place.y,
          x1: (row) => lowest(row, x.column, domains.x),
          x2: (row) => row.figures[x.column][2],
          ...whiskers,
        }),
        Plot.ruleX(visible, {
          x: place.x,
          y1: (row) => lowest(row, y.column, domains.y),
          y2: (row) => row.figures[y.column][2],
          ...whiskers,
        }),
        rowLabels(visible, { ...place, rest, isPreferred, narrow }),
        Plot.dot(visible, { ...place, r: narrow ? 4 : 4.5, ...rowMark(text) }),
      ],
    })
  );
}
