import { pointsOf } from '../model/points.js';

/**
 * What the sections draw: the state's part of the data.
 * @typedef {object} View
 * @property {import('../model/types.js').Dataset[]} datasets
 * @property {import('../model/types.js').Dataset} dataset
 * @property {string} point
 * @property {import('../model/types.js').Case[]} all    the point's
 * @property {import('../model/types.js').Case[]} cases  those of them that no filter leaves out
 * @property {import('../model/history_types.js').History} history
 * @property {import('./state.js').State} state
 * @property {(change: Partial<import('./state.js').State>) => void} change
 * @property {number} width  in pixels, that a figure may take
 */

/**
 * @param {import('../model/types.js').Dataset[]} datasets
 * @param {import('../model/history_types.js').History} history
 * @param {import('./state.js').State} state
 * @param {View['change']} change
 * @param {number} width
 * @returns {View}
 */
export function viewOf(datasets, history, state, change, width) {
  const dataset = datasets.find((one) => one.id === state.data) ?? datasets[0];
  const points = pointsOf(dataset.cases);
  const point = points.includes(state.point) ? state.point : points[0];
  const all = dataset.cases.filter((one) => one.point === point);
  const cases = all.filter((one) => !state.workers.includes(one.workers) && !state.hidden.includes(one.label));
  return { datasets, dataset, point, all, cases, history, state, change, width };
}
