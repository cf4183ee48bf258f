import { element } from '../dom.js';
import { explorable } from './tooltip.js';

/** Names a picture as a whole; Plot's names of its groups ("dot", "rule") would say nothing to who hears them. */
export function named(
  /** @type {SVGSVGElement} */ svg,
  /** @type {'group' | 'img'} */ role,
  /** @type {string} */ name,
) {
  for (const group of svg.querySelectorAll('g[aria-label]')) group.removeAttribute('aria-label');
  svg.setAttribute('role', role);
  svg.setAttribute('aria-label', name);
  return svg;
}

/**
 * A figure of the page: its picture, its words, and its marks within reach of the keyboard.
 * @param {string} name what is read out of the picture as a whole
 * @param {SVGSVGElement} svg
 * @param {...(Node | string | false | null)} caption
 */
export function figureElement(name, svg, ...caption) {
  explorable(named(svg, 'group', name));
  return element('figure', {}, svg, caption.length ? element('figcaption', {}, ...caption) : null);
}
