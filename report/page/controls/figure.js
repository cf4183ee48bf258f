import { element } from '../dom.js';
import { explorable } from './tooltip.js';

/**
 * A figure of the page: its picture, its words, and its marks within reach of the keyboard.
 * @param {string} name what is read out of the picture as a whole
 * @param {SVGSVGElement} svg
 * @param {...(Node | string | false | null)} caption
 */
export function figureElement(name, svg, ...caption) {
  svg.setAttribute('role', 'group');
  svg.setAttribute('aria-label', name);
  explorable(svg);
  return element('figure', {}, svg, caption.length ? element('figcaption', {}, ...caption) : null);
}
