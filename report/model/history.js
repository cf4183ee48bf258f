import { exactChanges, noisyChanges } from './history_changes.js';
import { historyMetrics } from './history_metrics.js';
import { canaryReference, idealReference, referenceOf, valuesOf } from './history_reference.js';
import { intervalOfMedian } from './order_interval.js';
import { median } from './spread.js';

/**
 * @typedef {import('./history_types.js').Recording} Recording
 * @typedef {import('./history_types.js').Accepted} Accepted
 * @typedef {import('./history_changes.js').Change} Change
 *
 * @typedef {object} Point  one recording of a series
 * @property {number} place      among the recordings
 * @property {Recording} recording
 * @property {number} ratio      the median over the reference's
 * @property {number} low        what the ratio is surely not below
 * @property {number} high
 * @property {boolean} enough    whether there were repetitions enough for that; else it is least to most
 * @property {number[]} samples  each repetition over the reference's median
 * @property {number} figure     the median itself
 * @property {number} reference  the reference's
 *
 * @typedef {object} Band
 * @property {number} size       a share: what is no change
 * @property {'recordings' | 'repetitions' | 'limit'} source
 * @property {number} count      of pairs, or of recordings
 *
 * @typedef {object} Series
 * @property {string} name
 * @property {string} metric
 * @property {string | null} reference
 * @property {Point[]} points
 * @property {{place: number, recording: Recording, reason: string}[]} failed
 * @property {Band} band
 * @property {Change[]} changes
 * @property {{from: number, to: number, level: number}[]} levels  points, both ends included
 * @property {(Accepted & {at: number})[]} accepted  at: the first point of its commit, -1 without one
 */

/** Both intervals hold at once with 95 % then (Bonferroni). */
const confidence = 0.975;
/** As track's floor: what nine in ten comparisons of a program with itself stayed within. */
const share_within = 0.9;

/** What a row is held against in one recording, with its interval. */
function referenceIn(
  /** @type {Recording} */ recording,
  /** @type {string} */ reference,
  /** @type {string} */ metric,
  /** @type {string} */ name,
) {
  if (reference === idealReference) {
    const ideal = recording.rows.find((row) => row.name === name)?.idealMs;
    return ideal ? { low: ideal, median: ideal, high: ideal, enough: true } : null;
  }
  if (reference === canaryReference) {
    const ends = recording.canary.map((ms) => ms / historyMetrics[metric].inMs);
    return { low: Math.min(...ends), median: (ends[0] + ends[1]) / 2, high: Math.max(...ends), enough: true };
  }
  const values = valuesOf(recording, reference, metric);
  return values.length ? intervalOfMedian(values, confidence) : null;
}

/** @returns {Point | null} */
function pointOf(
  /** @type {Recording} */ recording,
  /** @type {number} */ place,
  /** @type {string} */ name,
  /** @type {string} */ metric,
  /** @type {string} */ reference,
) {
  const values = valuesOf(recording, name, metric);
  const below = referenceIn(recording, reference, metric, name);
  if (!values.length || !below || !(below.low > 0)) return null;
  const own = intervalOfMedian(values, confidence);
  if (!(own.low > 0)) return null; // a log axis has no room for it, nor has a ratio a meaning
  return {
    place,
    recording,
    ratio: own.median / below.median,
    low: own.low / below.high,
    high: own.high / below.low,
    enough: own.enough && below.enough,
    samples: values.map((value) => value / below.median),
    figure: own.median,
    reference: below.median,
  };
}

/** Of each two consecutive recordings of one program, what they differ by. */
function repeats(/** @type {Point[]} */ points) {
  /** @type {Map<string, Point>} */
  const latest = new Map();
  const pairs = [];
  for (const point of points) {
    const before = latest.get(point.recording.program);
    if (before) pairs.push({ before, point });
    latest.set(point.recording.program, point);
  }
  return pairs;
}

/** @returns {Band} */
function bandOf(/** @type {Point[]} */ points, /** @type {string} */ metric) {
  const { exact, share, absolute, floor } = historyMetrics[metric];
  const pairs = repeats(points);
  if (exact) {
    const level = points.length ? points[points.length - 1].figure : 0;
    return { size: level > 0 ? Math.max(share, absolute / level) : 0, source: 'limit', count: pairs.length };
  }
  if (pairs.length) {
    const shifts = pairs.map(({ before, point }) => Math.abs(Math.log(point.ratio / before.ratio)));
    const nineInTen = shifts.sort((a, b) => a - b)[Math.ceil(share_within * shifts.length) - 1];
    return { size: Math.max(floor, Math.expm1(nineInTen)), source: 'recordings', count: pairs.length };
  }
  const halves = points.map((one) => Math.max(one.high / one.ratio, one.ratio / one.low) - 1);
  return { size: Math.max(floor, halves.length ? median(halves) : 0), source: 'repetitions', count: points.length };
}

/** @returns {Change[]} */
function changesOf(/** @type {Point[]} */ points, /** @type {string} */ metric, /** @type {Band} */ band) {
  const { exact, share, absolute } = historyMetrics[metric];
  if (!exact) {
    // Without recordings to tell the noise by, the band is the intervals themselves: they count once.
    return noisyChanges(points, band.source === 'recordings' ? band.size : historyMetrics[metric].floor);
  }
  const varied = Math.max(0, ...repeats(points).map(({ before, point }) => Math.abs(point.figure - before.figure)));
  return exactChanges(points, (count) => Math.max(share * count, absolute, varied));
}

/**
 * One series over the recordings, which are of one machine and setting and in their order.
 * @param {Recording[]} recordings
 * @param {string} name
 * @param {string} metric
 * @param {{chosen?: string, accepted?: Accepted[]}} [options]
 * @returns {Series}
 */
export function historyOf(recordings, name, metric, { chosen = '', accepted = [] } = {}) {
  const reference = referenceOf(recordings, name, metric, chosen);
  const points = recordings.flatMap(
    (one, place) => (reference === null ? null : pointOf(one, place, name, metric, reference)) ?? [],
  );
  const failed = recordings.flatMap((recording, place) => {
    const reason = recording.rows.find((row) => row.name === name)?.failed;
    return reason ? [{ place, recording, reason }] : [];
  });
  const band = bandOf(points, metric);
  const changes = changesOf(points, metric, band);
  const starts = [0, ...changes.map((one) => one.at)];
  return {
    name,
    metric,
    reference,
    points,
    failed,
    band,
    changes,
    levels: !points.length
      ? []
      : starts.map((from, index) => {
          const to = (starts[index + 1] ?? points.length) - 1;
          return { from, to, level: median(points.slice(from, to + 1).map((one) => one.ratio)) };
        }),
    accepted: accepted
      .filter((one) => one.series === name && one.metric === metric)
      .map((one) => ({ ...one, at: points.findIndex((point) => point.recording.commit === one.commit) })),
  };
}
