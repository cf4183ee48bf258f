import { waitingInWords } from '../../model/waiting.js';
import { figureElement } from '../controls/figure.js';
import { element } from '../dom.js';
import { waitingFigure } from '../figures/waiting.js';
import { section } from './section.js';

/** How much of each row's time is work, and how much waiting: what the Python comparison did not look at. */
export function waiting(/** @type {import('../view.js').View} */ view) {
  const svg = waitingFigure(view.cases, { width: view.width });
  return section(
    'waiting',
    'Waiting, or working?',
    element('p', {}, waitingInWords(view.cases)),
    svg &&
      figureElement(
        'CPU as a share of the time, a bar a row',
        svg,
        'CPU is the client’s, user and system: CPU a request times requests. The grey rest is waiting, for the server or for a core, as long as one thread does the work; several threads overlap, and may pass 100 %.',
      ),
  );
}
