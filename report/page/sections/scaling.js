import { scalings } from '../../model/scalings.js';
import { bytes } from '../../model/units.js';
import { figureElement } from '../controls/figure.js';
import { element } from '../dom.js';
import { scalingFigure } from '../figures/scaling.js';
import { section } from './section.js';

const title = 'Scaling';

/** Bytes and CPU against workers, both logarithmic, with the slope that each strategy has. */
export function scaling(/** @type {import('../view.js').View} */ view) {
  const wide = view.width >= 860;
  const width = wide ? Math.floor((view.width - 28) / 2) : view.width;
  const ofBytes = scalingFigure(view.cases, 'bytes', { width });
  const ofCpu = scalingFigure(view.cases, 'cpu', { width });
  if (!ofBytes && !ofCpu) {
    return section(
      'scaling',
      title,
      element(
        'p',
        {},
        'It takes rows of one strategy at two numbers of workers to tell how it grows; none such is shown.',
      ),
    );
  }
  const lines = scalings(view.cases, 'rss_growth_bytes').map(
    ({ label, line, cases }) => `${label} ${bytes(line.slope)}${cases.length === 2 ? '*' : ''}`,
  );
  return section(
    'scaling',
    title,
    element(
      'div',
      { class: 'pair' },
      ofBytes && figureElement('growth of memory against workers', ofBytes),
      ofCpu && figureElement('CPU a request against workers', ofCpu),
    ),
    element(
      'p',
      { class: 'caption' },
      'Lines: the power of W fitted to the medians; a slope of 1 is as much again for each further worker, of 0 no more for more. ',
      lines.length ? `Each further worker costs, by a straight line fitted to the growth: ${lines.join('; ')}.` : '',
      lines.some((text) => text.endsWith('*')) ? ' *: of two points, which any line fits.' : '',
      ' raw_epoll is the floor.',
    ),
  );
}
