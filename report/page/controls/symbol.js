import { colourOf, strategyOf } from '../../model/strategies.js';
import { colour } from '../palette.js';
import { svgElement } from '../figures/svg.js';
import { symbolPath } from '../figures/symbol_path.js';

/** A strategy's mark, as the figures draw it, for a line of text. */
export function symbolFor(/** @type {string} */ strategy) {
  const { symbol, family } = strategyOf(strategy);
  const stroke = colour(colourOf(strategy));
  const svg = svgElement(document, 'svg', {
    class: 'symbol',
    viewBox: '-8 -8 16 16',
    width: 14,
    height: 14,
    'aria-hidden': 'true',
  });
  svg.append(
    svgElement(document, 'path', {
      d: symbolPath(symbol),
      stroke,
      'stroke-width': 1.5,
      fill: family === 'python' ? 'none' : stroke,
    }),
  );
  return svg;
}
