import { named } from '../controls/figure.js';
import { oneOf } from '../controls/filters.js';
import { symbolFor } from '../controls/symbol.js';
import { element } from '../dom.js';
import { memoryPanel, panelInWords, sharedFrame } from '../figures/memory_over_time.js';
import { section } from './section.js';

const title = 'Memory over time';

/** How to get what is missing. */
function absent(/** @type {import('../view.js').View} */ view) {
  const file = view.dataset.file.replace(/\.json$/, '.timeline.json');
  return section(
    'memory-over-time',
    title,
    element(
      'p',
      {},
      'This result has no curves. The bench writes them beside the result, to ',
      element('code', {}, file),
      ', when it is given ',
      element('code', {}, `--benchmark_out=…/${view.dataset.file}`),
      '; make the page again then.',
    ),
  );
}

/** Memory over time, a small multiple a case, all on the same axes: the Python comparison's figures, redrawn. */
export function memoryOverTime(/** @type {import('../view.js').View} */ view) {
  const { timeline } = view.dataset;
  if (!timeline) return absent(view);
  const shown = view.cases.filter((one) => Object.hasOwn(timeline.curves, one.name));
  if (!shown.length) return section('memory-over-time', title, element('p', {}, 'No row that is shown has a curve.'));
  const log = view.state.axes === 'log';
  const frame = sharedFrame(
    shown.map((one) => timeline.curves[one.name]),
    log,
  );
  const columns = Math.max(2, Math.floor(view.width / 250));
  const width = Math.floor((view.width - 16 * (columns - 1)) / columns);
  return section(
    'memory-over-time',
    title,
    oneOf(
      'axes',
      'axes',
      [
        { value: 'log', text: 'logarithmic' },
        { value: 'linear', text: 'linear' },
      ],
      view.state.axes,
      (value) => view.change({ axes: value === 'linear' ? 'linear' : 'log' }),
    ),
    element(
      'ul',
      { class: 'panels', style: `--columns:${columns}` },
      ...shown.map((one) => {
        const curve = timeline.curves[one.name];
        const svg = named(memoryPanel(one, curve, frame, { width }), 'img', panelInWords(one, curve));
        return element(
          'li',
          {},
          element(
            'h3',
            {},
            symbolFor(one.strategy),
            ` ${one.label} `,
            element('span', {}, one.workers.toLocaleString('en')),
            one.failed ? element('em', {}, ' failed') : null,
          ),
          svg,
        );
      }),
    ),
    element(
      'p',
      { class: 'caption' },
      `Resident memory of the client, sampled from outside every ${timeline.sample_every_ms} ms since it was told to go; of each row the repetition of median time. ` +
        'Dotted: at rest, with the libraries initialised and nothing fetched. ½: half of the outcomes are home; all: the last one is. The dot is the peak among the samples.',
    ),
  );
}
