import { answerOf } from '../../model/answer.js';
import { daysInWords, pointInWords } from '../../model/points.js';
import { strategyOf } from '../../model/strategies.js';
import { chooser } from '../controls/filters.js';
import { symbolFor } from '../controls/symbol.js';
import { element } from '../dom.js';

/** The answer for this machine and workload, and what each way of working asks of one's code. */
export function answer(/** @type {import('../view.js').View} */ view) {
  const { sentence, asides } = answerOf(view.all);
  const { context } = view.dataset;
  const strategies = [...new Set(view.all.map((one) => one.strategy))];
  return element(
    'section',
    { 'aria-labelledby': 'the-answer' },
    chooser(view),
    element('h2', { id: 'the-answer' }, 'The answer'),
    element('p', { class: 'answer' }, sentence),
    ...asides.map((text) => element('p', { class: 'aside' }, text)),
    element(
      'p',
      { class: 'setting' },
      `${view.dataset.title}: ${daysInWords(view.all)}, two requests a day; ${pointInWords(view.point, context.workload)}. ` +
        `Measured on ${context.num_cpus ?? 'an unknown number of'} cores (${context.cpu_model ?? 'unknown processor'}), ${String(context.date ?? 'on an unknown date').slice(0, 10)}. ` +
        'Medians of all repetitions; ranges are from the least to the most.',
    ),
    element('h3', { id: 'what-they-ask' }, 'What each asks of your code'),
    element(
      'div',
      { class: 'scrolls', role: 'region', tabindex: 0, id: 'asks', 'aria-labelledby': 'what-they-ask' },
      element(
        'table',
        { class: 'asks' },
        element(
          'thead',
          {},
          element(
            'tr',
            {},
            ...['strategy', 'control flow', 'your code must change'].map((text) =>
              element('th', { scope: 'col' }, text),
            ),
          ),
        ),
        element(
          'tbody',
          {},
          ...strategies.map((name) =>
            element(
              'tr',
              {},
              element('th', { scope: 'row' }, symbolFor(name), ' ', name),
              element('td', {}, strategyOf(name).flow),
              element('td', {}, strategyOf(name).asks),
            ),
          ),
        ),
      ),
    ),
  );
}
