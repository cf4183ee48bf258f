import { parseCaseName } from '../../model/case_name.js';
import { historyMetrics } from '../../model/history_metrics.js';
import { rowInWords } from '../../model/history_reference.js';
import { ratioText, shiftText } from '../../model/history_words.js';
import { named } from '../controls/figure.js';
import { symbolFor } from '../controls/symbol.js';
import { element } from '../dom.js';
import { endsOf, historyPanel } from '../figures/history.js';

/**
 * @typedef {import('../../model/history.js').Series} Series
 * @typedef {import('../../model/types.js').NamedCase} NamedCase
 */

/** What a panel shows, for who hears it. */
function panelInWords(/** @type {Series} */ series) {
  const { points, changes, reference } = series;
  return (
    `${rowInWords(series.name)}: ${points.length} recordings, the last ${ratioText(points[points.length - 1].ratio)} of ${rowInWords(String(reference))}’s; ` +
    (changes.length ? `changes: ${changes.map((one) => shiftText(one.factor)).join(', ')}` : 'no change')
  );
}

/**
 * All rows, small, of the same span; a panel's name shows it large. The page's filters hold here too.
 * @param {import('../view.js').View} view
 * @param {Series[]} all
 * @param {Series} shown
 * @param {import('../../model/history_types.js').Recording[]} recordings
 */
export function historyPanels(view, all, shown, recordings) {
  const { hidden, workers } = view.state;
  const listed = all
    .map((series) => ({ series, of: /** @type {NamedCase} */ (parseCaseName(series.name)) }))
    .filter(({ series, of }) => series.points.length && !hidden.includes(of.label) && !workers.includes(of.workers));
  if (listed.length < 2) return element('div');
  const span = Math.max(
    1.1,
    ...listed.map(({ series }) => {
      const [low, high] = endsOf(series);
      return high / low;
    }),
  );
  const columns = Math.max(1, Math.floor(view.width / 250));
  const width = Math.floor((view.width - 16 * (columns - 1)) / columns);
  return element(
    'div',
    {},
    element('h3', {}, `All rows, ${historyMetrics[shown.metric].words}`),
    element(
      'ul',
      { class: 'history-panels', style: `--columns:${columns}` },
      ...listed.map(({ series, of }, index) =>
        element(
          'li',
          {},
          element(
            'h4',
            {},
            element(
              'button',
              {
                type: 'button',
                id: `history-panel-${index}`,
                'aria-pressed': String(series.name === shown.name),
                click: () => view.change({ series: series.name }),
              },
              symbolFor(of.strategy),
              ` ${of.label} `,
              element('span', {}, of.workers.toLocaleString('en')),
            ),
            element('small', {}, ` ÷ ${rowInWords(String(series.reference))}`),
          ),
          named(historyPanel(series, recordings, { width, span: span * 1.08 }), 'img', panelInWords(series)),
        ),
      ),
    ),
    element(
      'p',
      { class: 'caption' },
      'A percent is as high in each panel. What moves in all at once is the reference’s doing.',
    ),
  );
}
