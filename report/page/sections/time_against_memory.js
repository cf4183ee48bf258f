import { memoryMeasures } from '../../model/memory_measures.js';
import { filters, oneOf } from '../controls/filters.js';
import { figureElement } from '../controls/figure.js';
import { element } from '../dom.js';
import { drawable, timeMemoryFigure } from '../figures/time_memory.js';
import { section } from './section.js';

/** What the figure leaves out and why: rows that failed, rows without the figure. */
function leftOut(/** @type {import('../view.js').View} */ view) {
  const shown = drawable(view.cases, memoryMeasures[view.state.memory].column);
  const others = view.cases.filter((one) => !shown.includes(one));
  if (!others.length) return null;
  return element(
    'ul',
    { class: 'left-out' },
    ...others.map((one) =>
      element(
        'li',
        {},
        element('strong', {}, `${one.label} ${one.workers.toLocaleString('en')}`),
        one.failed
          ? ` failed (${one.failed.count} of ${one.repetitions}): ${one.failed.reason}`
          : ' has no such figure',
      ),
    ),
  );
}

/** Time against memory, and the frontier of what nothing beats. */
export function timeAgainstMemory(/** @type {import('../view.js').View} */ view) {
  const { memory } = view.state;
  const svg = timeMemoryFigure(view.cases, { width: view.width, memory });
  return section(
    'time-memory',
    'Time against memory',
    filters(view),
    oneOf(
      'memory',
      'memory',
      Object.entries(memoryMeasures).map(([value, { words }]) => ({ value, text: words })),
      memory,
      (value) => view.change({ memory: value }),
    ),
    svg
      ? figureElement(
          'time against memory: a mark for each strategy and number of workers',
          svg,
          'Left is faster, down is leaner. Dashed: the Pareto frontier, what nothing on offer beats in one without losing in the other',
          new Set(view.all.map((one) => one.days)).size > 1 && ', one for each number of days',
          '; the floor, raw_epoll, is not on offer. Colour tells the family (cool: the library; warm and hollow: Python), shape the control flow. Whiskers: least to most.',
        )
      : element('p', {}, 'No row that is shown has both a time and this memory.'),
    leftOut(view),
  );
}
