import { colour } from '../palette.js';
import { svgElement } from './svg.js';

/**
 * A name beside what it names, in its colour, haloed against what passes behind it; a thin line leads to a mark that
 * is not next to it.
 * @param {Document} document
 * @param {{x: number, y: number, anchor: 'start' | 'end', strong: string, rest: string, fill: string, leadsTo?: {x: number, y: number}}} label
 * @returns {SVGElement[]}
 */
export function directLabel(document, { x, y, anchor, strong, rest, fill, leadsTo }) {
  const text = svgElement(document, 'text', {
    x,
    y,
    dy: '0.35em',
    'text-anchor': anchor,
    fill,
    stroke: colour('paper'),
    'stroke-width': 4,
    'stroke-linejoin': 'round',
    'paint-order': 'stroke',
  });
  text.append(
    svgElement(document, 'tspan', { 'font-weight': 600 }, strong),
    svgElement(document, 'tspan', {}, ` ${rest}`),
  );
  if (!leadsTo) return [text];
  const ends = { x1: leadsTo.x, y1: leadsTo.y, x2: x + (anchor === 'start' ? -2 : 2), y2: y };
  return [svgElement(document, 'line', { ...ends, stroke: fill, 'stroke-opacity': 0.45, 'stroke-width': 0.75 }), text];
}
