import * as Plot from '@observablehq/plot';

import { figure } from '../../model/cases.js';
import { directLabel } from './direct_label.js';
import { dodged } from './dodge.js';
import { colourOfCase } from './look.js';
import { svgElement } from './svg.js';

/** @typedef {ReturnType<typeof import('../../model/scalings.js').scalings>[number]} Scaling */

/** A slope with a minus that is one, and no minus before nothing. */
const slopeText = (/** @type {number} */ exponent) => {
  const text = exponent.toFixed(2);
  return text === '-0.00' ? '0.00' : text.replace('-', '−');
};

/** The case of most workers. */
const last = (/** @type {Scaling} */ one) => one.cases[one.cases.length - 1];

/**
 * Names and slopes at the lines' right ends, kept apart: a render transform of Plot's.
 * @param {Scaling[]} all
 * @param {string} column
 * @param {boolean} narrow
 */
export function endLabels(all, column, narrow) {
  return Plot.text(all, {
    x: (one) => last(one).workers,
    y: (one) => figure(last(one), column),
    text: 'label',
    render(index, _scales, { x: xs = [], y: ys = [] }, { width, height, ...margins }, context) {
      const { document } = /** @type {{document: Document}} */ (/** @type {unknown} */ (context));
      const group = svgElement(document, 'g', { class: 'labels', 'font-size': narrow ? 10 : 11 });
      const wanted = [...index].map((i) => ys[i]);
      const heights = dodged(wanted, 13, margins.marginTop, height - margins.marginBottom);
      [...index].forEach((i, nth) => {
        const { label, power } = all[i];
        const at = { x: width - margins.marginRight + 14, y: heights[nth], anchor: /** @type {const} */ ('start') };
        const rest = `${narrow ? '' : 'slope '}${slopeText(power.exponent)}`;
        const fill = colourOfCase(last(all[i]));
        group.append(
          ...directLabel(document, { ...at, strong: label, rest, fill, leadsTo: { x: xs[i] + 7, y: ys[i] } }),
        );
      });
      return group;
    },
  });
}
