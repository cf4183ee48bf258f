import * as Plot from '@observablehq/plot';

import { svgElement } from './dom.js';
import { colour } from './look.js';

/**
 * Labels beside marks. Marks that lie close together share one block of lines beside them; a thin leader connects each
 * line with its mark. Blocks avoid each other, other marks and the frame.
 *
 * @typedef {import('./payload.js').Row} Row
 * @typedef {{x: number, y: number, width: number, rank: number}} Anchor  in pixels; lower ranks are placed first
 * @typedef {{index: number, x: number, y: number, anchor: 'start' | 'end', leader: boolean}} Label
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box
 */

// In pixels.
const clusterDistance = 26;
const blockDistance = 11;
const markRadius = 6;

/** Groups of anchors in which each is close to another. @param {Anchor[]} anchors */
function clusters(anchors) {
  /** @type {number[][]} */
  const groups = [];
  anchors.forEach(({ x, y }, index) => {
    const isClose = (/** @type {number} */ other) =>
      Math.abs(anchors[other].x - x) < clusterDistance && Math.abs(anchors[other].y - y) < clusterDistance;
    const joined = groups.filter((group) => group.some(isClose));
    for (const group of joined) groups.splice(groups.indexOf(group), 1);
    groups.push([...joined.flat(), index]);
  });
  return groups;
}

/** @param {Box} a @param {Box} b */
const overlap = (a, b) =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

/** @param {Box} box @param {Box} frame */
const excess = (box, frame) =>
  Math.max(0, frame.left - box.left) +
  Math.max(0, box.right - frame.right) +
  Math.max(0, frame.top - box.top) +
  Math.max(0, box.bottom - frame.bottom);

/** Candidate places of a cluster's block: right and left of it, at various heights, with their distance. */
function* candidates(/** @type {Anchor[]} */ cluster, /** @type {number} */ lineHeight) {
  const width = Math.max(...cluster.map((anchor) => anchor.width));
  const height = cluster.length * lineHeight;
  const middle = cluster.reduce((sum, anchor) => sum + anchor.y, 0) / cluster.length;
  const left = Math.min(...cluster.map((anchor) => anchor.x));
  const right = Math.max(...cluster.map((anchor) => anchor.x));
  for (let step = 0; step <= 24; ++step) {
    const rise = (step % 2 ? 1 : -1) * Math.ceil(step / 2) * lineHeight * 0.75;
    const top = middle - height / 2 + rise;
    const rows = { top, bottom: top + height };
    for (const gap of [blockDistance, blockDistance * 3, blockDistance * 6]) {
      const distance = Math.abs(rise) + gap;
      const start = /** @type {const} */ ('start');
      const end = /** @type {const} */ ('end');
      yield { anchor: start, distance, left: right + gap, right: right + gap + width, ...rows };
      yield { anchor: end, distance: distance + 2, left: left - gap - width, right: left - gap, ...rows };
    }
  }
}

/**
 * Places a label for each anchor.
 * @param {Anchor[]} anchors
 * @param {Box} frame
 * @param {number} lineHeight
 * @param {boolean} dropsUnplaced whether a block without a free place is omitted instead of overlapping others
 * @returns {Label[]}
 */
export function placeLabels(anchors, frame, lineHeight, dropsUnplaced = false) {
  /** @type {Box[]} */
  const blocks = [];
  const marks = anchors.map(({ x, y }) => ({
    left: x - markRadius,
    right: x + markRadius,
    top: y - markRadius,
    bottom: y + markRadius,
  }));
  const rank = (/** @type {number[]} */ group) => Math.min(...group.map((index) => anchors[index].rank));
  const groups = clusters(anchors).sort((a, b) => (dropsUnplaced ? rank(a) - rank(b) : b.length - a.length));
  return groups.flatMap((group) => {
    const cost = (/** @type {Box & {distance: number}} */ place) =>
      excess(place, frame) * 1000 +
      [...blocks, ...marks].reduce((sum, box) => sum + overlap(place, box), 0) * 20 +
      place.distance;
    const places = [
      ...candidates(
        group.map((index) => anchors[index]),
        lineHeight,
      ),
    ].map((place) => ({ place, price: cost(place) }));
    const { place, price } = places.reduce((best, other) => (other.price < best.price ? other : best));
    if (dropsUnplaced && price > 400) return [];
    blocks.push(place);
    const x = place.anchor === 'start' ? place.left : place.right;
    return [...group]
      .sort((a, b) => anchors[a].y - anchors[b].y || anchors[a].rank - anchors[b].rank)
      .map((index, line) => {
        const y = place.top + (line + 0.5) * lineHeight;
        const leader = Math.abs(anchors[index].x - x) > blockDistance + 3 || Math.abs(anchors[index].y - y) > 3;
        return { index, x, y, anchor: place.anchor, leader };
      });
  });
}

/** Heights close to the desired ones, in their order, at least `gap` apart and between low and high. */
export function spreadHeights(
  /** @type {number[]} */ desired,
  /** @type {number} */ gap,
  /** @type {number} */ low,
  /** @type {number} */ high,
) {
  const order = desired.map((_, index) => index).sort((a, b) => desired[a] - desired[b]);
  const heights = [...desired];
  let free = low;
  for (const index of order) {
    heights[index] = Math.max(desired[index], free);
    free = heights[index] + gap;
  }
  let limit = high;
  for (const index of order.reverse()) {
    heights[index] = Math.min(heights[index], limit);
    limit = heights[index] - gap;
  }
  return heights;
}

/**
 * A label: bold name and regular rest, with a halo, and a leader to the mark if one is given.
 * @param {Document} owner
 * @param {{x: number, y: number, anchor: 'start' | 'end', name: string, rest: string, fill: string, mark?: {x: number, y: number}}} label
 * @returns {SVGElement[]}
 */
function labelElements(owner, { x, y, anchor, name, rest, fill, mark }) {
  const halo = { stroke: colour('page'), 'stroke-width': 4, 'stroke-linejoin': 'round', 'paint-order': 'stroke' };
  const text = svgElement(
    owner,
    'text',
    { x, y, dy: '0.35em', 'text-anchor': anchor, fill, ...halo },
    svgElement(owner, 'tspan', { 'font-weight': 600 }, name),
    ...(rest ? [svgElement(owner, 'tspan', {}, ` ${rest}`)] : []),
  );
  if (!mark) return [text];
  const ends = { x1: mark.x, y1: mark.y, x2: x + (anchor === 'start' ? -2 : 2), y2: y };
  return [svgElement(owner, 'line', { ...ends, stroke: fill, 'stroke-opacity': 0.45, 'stroke-width': 0.75 }), text];
}

const ownerOf = (/** @type {unknown} */ context) => /** @type {{document: Document}} */ (context).document;

/**
 * Plot's mark of the labels of rows. It is a render transform, because Plot computes the marks' positions.
 * @param {Row[]} rows
 * @param {{x: (row: Row) => number, y: (row: Row) => number, rest: (row: Row) => string,
 *   isPreferred: (row: Row) => boolean, narrow: boolean}} options  `rest` follows the row's label
 */
export function rowLabels(rows, { x, y, rest, isPreferred, narrow }) {
  const size = narrow ? 10 : 11;
  return Plot.text(rows, {
    x,
    y,
    text: 'label',
    render(index, _scales, { x: xs = [], y: ys = [] }, { width, height, ...margins }, context) {
      const owner = ownerOf(context);
      const anchors = [...index].map((at) => ({
        x: xs[at],
        y: ys[at],
        width: `${rows[at].label} ${rest(rows[at])}`.trim().length * size * 0.56,
        rank: isPreferred(rows[at]) ? 0 : 1,
      }));
      const frame = {
        left: margins.marginLeft + 2,
        right: width - 2,
        top: margins.marginTop,
        bottom: height - margins.marginBottom - 2,
      };
      const labels = placeLabels(anchors, frame, size + 3, narrow).flatMap((label) => {
        const row = rows[index[label.index]];
        const mark = label.leader ? anchors[label.index] : undefined;
        return labelElements(owner, { ...label, name: row.label, rest: rest(row), fill: row.look.stroke, mark });
      });
      return svgElement(owner, 'g', { class: 'labels', 'font-size': size }, ...labels);
    },
  });
}

/**
 * Plot's mark of labels at the right ends of lines, kept apart.
 * @param {{workers: number, value: number, name: string, rest: string, fill: string}[]} ends
 * @param {boolean} narrow
 */
export const endLabels = (ends, narrow) =>
  Plot.text(ends, {
    x: 'workers',
    y: 'value',
    text: 'name',
    render(index, _scales, { x: xs = [], y: ys = [] }, { width, height, ...margins }, context) {
      const owner = ownerOf(context);
      const heights = spreadHeights(
        [...index].map((at) => ys[at]),
        13,
        margins.marginTop,
        height - margins.marginBottom,
      );
      const labels = [...index].flatMap((at, line) => {
        const place = { x: width - margins.marginRight + 14, y: heights[line], anchor: /** @type {const} */ ('start') };
        return labelElements(owner, { ...place, ...ends[at], mark: { x: xs[at] + 7, y: ys[at] } });
      });
      return svgElement(owner, 'g', { class: 'labels', 'font-size': narrow ? 10 : 11 }, ...labels);
    },
  });
