import { historyMetrics } from '../../model/history_metrics.js';
import { rowInWords } from '../../model/history_reference.js';
import { inUtc, ratioText } from '../../model/history_words.js';
import { significant } from '../../model/units.js';
import { element } from '../dom.js';

/**
 * One recording of a series: what it was, how the machine was, and its own samples.
 * @param {import('../view.js').View} view
 * @param {import('../../model/history.js').Series} series
 * @param {import('../../model/history_types.js').Recording[]} recordings
 */
export function recordingDetails(view, series, recordings) {
  const one = recordings.find((recording) => recording.id === view.state.recording);
  if (!one)
    return element(
      'p',
      { class: 'caption' },
      'A recording’s own samples and circumstances: click its mark, or Enter on it.',
    );
  const { format } = historyMetrics[series.metric];
  const point = series.points.find(({ recording }) => recording === one);
  const failed = series.failed.find(({ recording }) => recording === one);
  const twins = recordings.filter((other) => other !== one && other.program === one.program).length;
  const facts = [
    ['commit', one.commit + (one.dirty ? ', with changes that were not committed' : '')],
    ['subject', one.subject],
    ['committed', inUtc(one.commitDate)],
    ['recorded', inUtc(one.recorded)],
    ['compiler', one.compiler],
    ['load, before and after', one.load.map((value) => significant(value, 3)).join(', ')],
    ['canary, before and after', one.canary.map((ms) => `${significant(ms)} ms`).join(', ')],
    ['steal', `${significant(one.steal, 2)} %`],
    ['program', `${one.program.slice(0, 12)}…${twins ? `, recorded ${twins + 1} times here` : ''}`],
    ...(point
      ? [
          [
            `ratio to ${rowInWords(String(series.reference))}`,
            `${ratioText(point.ratio)} (${ratioText(point.low)} to ${ratioText(point.high)})`,
          ],
          [
            point.samples.length > 1 ? 'repetitions' : 'counted',
            point.samples.map((ratio) => format(ratio * point.reference)).join(', '),
          ],
        ]
      : []),
    ...(failed ? [['failed', failed.reason]] : []),
    ...(point || failed ? [] : [['this row', 'is not in this recording, or has nothing to be held against']]),
  ].filter(([, value]) => value);
  return element(
    'div',
    { class: 'details', role: 'group', 'aria-label': `recording ${one.id}` },
    element(
      'dl',
      { class: 'context' },
      ...facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
    ),
    element('button', { type: 'button', id: 'close-recording', click: () => view.change({ recording: '' }) }, 'close'),
  );
}
