import { colourOf, strategyOf } from '../../model/strategies.js';
import { colour } from '../palette.js';

/** @typedef {import('../../model/types.js').Case} Case */

export const colourOfCase = (/** @type {Case} */ one) => colour(colourOf(one.strategy));
export const symbolOf = (/** @type {Case} */ one) => strategyOf(one.strategy).symbol;

/** Python's marks are hollow, all others filled. */
export const fillOf = (/** @type {Case} */ one) =>
  strategyOf(one.strategy).family === 'python' ? colour('paper') : colourOfCase(one);

/** What every figure of the page shares. */
export const figureStyle = {
  background: 'none',
  color: colour('ink'),
  fontFamily: 'inherit',
  fontSize: '11px',
  overflow: 'visible',
};
/** Colours and symbols are said as they are, not looked up. */
export const identityScales = {
  color: { type: /** @type {const} */ ('identity') },
  symbol: { type: /** @type {const} */ ('identity') },
};

/** Options of a mark a case: shape, colour and the words that are shown and read of it. */
export const caseMark = (/** @type {(one: Case) => string} */ words) => ({
  symbol: symbolOf,
  fill: fillOf,
  stroke: colourOfCase,
  strokeWidth: 1.5,
  ariaLabel: words,
  className: 'marks',
});
