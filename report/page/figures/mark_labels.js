import * as Plot from '@observablehq/plot';

import { figure } from '../../model/cases.js';
import { directLabel } from './direct_label.js';
import { placeLabels } from './label_blocks.js';
import { colourOfCase } from './look.js';
import { svgElement } from './svg.js';

/** @typedef {import('../../model/types.js').Case} Case */

/**
 * Names beside the marks: a render transform of Plot's, for it knows where the marks came to lie.
 * @param {Case[]} cases
 * @param {(one: Case) => number} memoryOf
 * @param {Set<Case>} wanted those that are named first where there is no room for all
 * @param {boolean} narrow
 */
export function markLabels(cases, memoryOf, wanted, narrow) {
  const size = narrow ? 10 : 11;
  const textOf = (/** @type {Case} */ one) => `${one.label} ${one.workers.toLocaleString('en')}`;
  return Plot.text(cases, {
    x: (one) => figure(one, 'time_s'),
    y: memoryOf,
    text: textOf,
    render(index, _scales, { x: xs = [], y: ys = [] }, { width, height, ...margins }, context) {
      const { document } = /** @type {{document: Document}} */ (/** @type {unknown} */ (context));
      const points = [...index].map((i) => ({
        x: xs[i],
        y: ys[i],
        width: textOf(cases[i]).length * size * 0.56,
        rank: wanted.has(cases[i]) ? 0 : 1,
      }));
      const frame = {
        left: margins.marginLeft + 2,
        right: width - 2,
        top: margins.marginTop,
        bottom: height - margins.marginBottom - 2,
      };
      const group = svgElement(document, 'g', { class: 'labels', 'font-size': size });
      for (const { x, y, anchor, leader, index: nth } of placeLabels(points, frame, size + 3, narrow)) {
        const one = cases[index[nth]];
        const leadsTo = leader ? points[nth] : undefined;
        const rest = one.workers.toLocaleString('en');
        group.append(
          ...directLabel(document, { x, y, anchor, strong: one.label, rest, fill: colourOfCase(one), leadsTo }),
        );
      }
      return group;
    },
  });
}
