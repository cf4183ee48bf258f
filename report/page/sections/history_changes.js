import { historyMetrics } from '../../model/history_metrics.js';
import { rowInWords } from '../../model/history_reference.js';
import { changeInWords, shortCommit } from '../../model/history_words.js';
import { element } from '../dom.js';

/** @typedef {import('../../model/history.js').Series} Series */

/** What changed in the series that is shown, and what was accepted of it. */
export function changesList(
  /** @type {Series[]} */ all,
  /** @type {Series} */ { points, changes, accepted, metric, name },
) {
  const others = all.filter((one) => one.name !== name && one.changes.length).length;
  const lines = [
    ...changes.map((change) => ({
      commit: shortCommit(points[change.at].recording),
      text: changeInWords(change, metric),
      reason: accepted.find(
        (one) => one.at >= 0 && points[one.at].recording.commit === points[change.at].recording.commit,
      )?.reason,
    })),
    ...accepted
      .filter((one) => one.at < 0 || !changes.some((change) => points[change.at].recording.commit === one.commit))
      .map((one) => ({
        commit: one.commit.slice(0, 7),
        text: one.at < 0 ? 'not among these recordings' : 'no change to be seen',
        reason: one.reason,
      })),
  ];
  const row = `${rowInWords(name)}, ${historyMetrics[metric].words}`;
  return element(
    'div',
    { class: 'changes-list' },
    element('h3', {}, `What changed: ${row}`),
    lines.length
      ? element(
          'ul',
          {},
          ...lines.map(({ commit, text, reason }) =>
            element(
              'li',
              {},
              element('code', {}, commit),
              ` ${text}`,
              reason !== undefined && element('strong', {}, `; accepted: ${reason}`),
            ),
          ),
        )
      : element('p', {}, 'Nothing that is told from noise.'),
    others > 0 &&
      element(
        'p',
        {},
        `${others} other ${others === 1 ? 'row' : 'rows'} changed in ${historyMetrics[metric].words}: see below.`,
      ),
  );
}
