import { pointInWords, pointsOf } from '../../model/points.js';
import { element } from '../dom.js';
import { symbolFor } from './symbol.js';

/** @typedef {import('../view.js').View} View */

/** A name that can be an id: what else it holds is told by its place. */
const idOf = (/** @type {string} */ kind, /** @type {number} */ index) => `${kind}-${index}`;

/**
 * One of several, as radio buttons that look like tabs.
 * @param {string} legend
 * @param {string} name
 * @param {{value: string, text: string}[]} choices
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export function oneOf(legend, name, choices, chosen, choose) {
  return element(
    'fieldset',
    { class: 'one-of' },
    element('legend', {}, legend),
    ...choices.map(({ value, text }, index) =>
      element(
        'label',
        {},
        element('input', {
          type: 'radio',
          name,
          id: idOf(name, index),
          checked: value === chosen,
          change: () => choose(value),
        }),
        element('span', {}, text),
      ),
    ),
  );
}

/**
 * One of many, as a list that opens.
 * @param {string} legend
 * @param {string} id
 * @param {{value: string, text: string}[]} choices
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export function oneOfMany(legend, id, choices, chosen, choose) {
  return element(
    'label',
    { class: 'one-of-many' },
    legend,
    element(
      'select',
      { id, change: (event) => choose(event.target.value) },
      ...choices.map(({ value, text }) => element('option', { value, selected: value === chosen }, text)),
    ),
  );
}

/** Any of several, as boxes to tick. */
function anyOf(
  /** @type {string} */ legend,
  /** @type {string} */ name,
  /** @type {{text: string, on: boolean, toggle: () => void, mark?: Node}[]} */ choices,
) {
  return element(
    'fieldset',
    { class: 'any-of' },
    element('legend', {}, legend),
    ...choices.map(({ text, on, toggle, mark }, index) =>
      element(
        'label',
        {},
        element('input', { type: 'checkbox', id: idOf(name, index), checked: on, change: toggle }),
        mark,
        element('span', {}, text),
      ),
    ),
  );
}

const toggled = (/** @type {any[]} */ list, /** @type {any} */ value) =>
  list.includes(value) ? list.filter((one) => one !== value) : [...list, value];

/** The dataset and its point. */
export function chooser(/** @type {View} */ view) {
  const { datasets, dataset, point, change } = view;
  const points = pointsOf(dataset.cases);
  return element(
    'div',
    { class: 'chooser' },
    datasets.length > 1 &&
      oneOf(
        'workload',
        'data',
        datasets.map((one) => ({ value: one.id, text: one.title })),
        dataset.id,
        (data) => change({ data, point: '' }),
      ),
    points.length > 1 &&
      oneOf(
        'point',
        'point',
        points.map((one) => ({ value: one, text: pointInWords(one, dataset.context.workload) })),
        point,
        (value) => change({ point: value }),
      ),
  );
}

/** Which workers and strategies are shown; the strategies' boxes are the figures' key, too. */
export function filters(/** @type {View} */ view) {
  const { all, state, change } = view;
  const counts = [...new Set(all.map((one) => one.workers))].sort((a, b) => a - b);
  const strategies = [...new Map(all.map((one) => [one.label, one.strategy]))];
  const isFiltered = view.cases.length < all.length;
  return element(
    'div',
    { class: 'filters', role: 'group', 'aria-label': 'what is shown' },
    anyOf(
      'strategies',
      'strategy',
      strategies.map(([label, strategy]) => ({
        text: label,
        mark: symbolFor(strategy),
        on: !state.hidden.includes(label),
        toggle: () => change({ hidden: toggled(state.hidden, label) }),
      })),
    ),
    anyOf(
      'workers',
      'workers',
      counts.map((count) => ({
        text: count.toLocaleString('en'),
        on: !state.workers.includes(count),
        toggle: () => change({ workers: toggled(state.workers, count) }),
      })),
    ),
    element(
      'p',
      { class: 'shown' },
      element('span', { role: 'status' }, `${view.cases.length} of ${all.length} rows shown`),
      isFiltered &&
        element(
          'button',
          { type: 'button', id: 'show-all', click: () => change({ hidden: [], workers: [] }) },
          'show all',
        ),
    ),
  );
}
