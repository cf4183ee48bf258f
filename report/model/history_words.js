import { historyMetrics } from './history_metrics.js';
import { rowInWords } from './history_reference.js';
import { percent, significant } from './units.js';

/**
 * @typedef {import('./history.js').Series} Series
 * @typedef {import('./history.js').Point} Point
 * @typedef {import('./history_changes.js').Change} Change
 */

/** "a1b2c3d", with a plus where the sources were not the commit's. */
export const shortCommit = (/** @type {import('./history_types.js').Recording} */ one) =>
  one.commit.slice(0, 7) + (one.dirty ? '+' : '');

/** "2026-11-06 09:30 UTC"; empty of none. */
export const inUtc = (/** @type {string} */ date) => date && `${date.slice(0, 16).replace('T', ' ')} UTC`;

/** "1.043×", "12.3×": a digit more than elsewhere, for percents are looked for. */
export const ratioText = (/** @type {number} */ ratio) => `${significant(ratio, ratio >= 1 ? 4 : 3)}×`;

/** "+12 %", "−3.1 %". */
export function shiftText(/** @type {number} */ factor) {
  if (!Number.isFinite(factor)) return 'from none';
  const share = factor - 1;
  return `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
}

/** "worse by 12 %, twice in a row". */
export function changeInWords(/** @type {Change} */ change, /** @type {string} */ metric) {
  const told = historyMetrics[metric].exact
    ? 'counted'
    : change.confirmed
      ? 'the next recording agrees'
      : 'not confirmed: no recording after it';
  return (
    `${change.worse ? 'worse' : 'better'}: ${shiftText(change.factor)} (${told})` +
    (change.sameProgram ? '; the same program as before, so it is the machine’s or the bench’s doing' : '')
  );
}

/** All of one recording of a series in a line: what its mark says. */
export function pointInWords(/** @type {Series} */ series, /** @type {Point} */ point) {
  const { recording, ratio, low, high, figure, samples } = point;
  const { format, words } = historyMetrics[series.metric];
  const change = series.changes.find((one) => series.points[one.at] === point);
  const accepted = series.accepted.filter((one) => series.points[one.at] === point);
  return [
    `${shortCommit(recording)}${recording.dirty ? ' (with changes)' : ''}, recorded ${inUtc(recording.recorded)}`,
    `${words} ${ratioText(ratio)}${samples.length > 1 ? ` (${ratioText(low)} to ${ratioText(high)})` : ''} of ${rowInWords(String(series.reference))}’s: ${format(figure)}`,
    `load ${recording.load.map((one) => significant(one, 2)).join(' to ')}, canary ${recording.canary.map((one) => significant(one)).join(' to ')} ms`,
    ...(change ? [changeInWords(change, series.metric)] : []),
    ...accepted.map((one) => `accepted: ${one.reason}`),
  ].join('; ');
}

/** Where the band comes from. */
export function bandInWords(/** @type {Series} */ series) {
  const { band, metric, points } = series;
  const { exact, share, absolute, format, floor } = historyMetrics[metric];
  if (exact) {
    const limit = share ? `max(${share * 100} %, ${format(absolute)})` : `${absolute} a request`;
    return `It is counted, not timed: the band is ${limit}, and a count beyond it is a change at once.`;
  }
  const size = `±${percent(band.size)}`;
  const how =
    band.source === 'recordings'
      ? `what ${band.count < 10 ? 'the' : 'nine in ten of'} ${band.count} repeated ${band.count === 1 ? 'recording' : 'recordings'} of one program moved by, at least ${percent(floor)}`
      : `no program was recorded twice here, so it is what the repetitions within a recording leave open (half their interval, the median of ${band.count})`;
  const few = points.some((one) => !one.enough)
    ? ' Where a recording has fewer than 7 repetitions its interval is from least to most.'
    : '';
  return `Band: ${size}, ${how}.${few}`;
}
