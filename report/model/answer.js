import { figure } from './cases.js';
import { strategyOf } from './strategies.js';
import { bytes, capital, listed, seconds, times, workersInWords } from './units.js';

/** @typedef {import('./types.js').Case} Case */

const as_good = 0.05; // what two medians may differ by and still be called the same

const timeOf = (/** @type {Case} */ one) => figure(one, 'time_s') ?? Infinity;
const peakOf = (/** @type {Case} */ one) => figure(one, 'rss_peak_bytes');
const passed = (/** @type {Case} */ one) => !one.failed && Number.isFinite(timeOf(one));
const familyOf = (/** @type {Case} */ one) => strategyOf(one.strategy).family;
const spokenOf = (/** @type {Case} */ one) =>
  strategyOf(one.strategy).spoken + (one.loops === 1 ? '' : ` on ${one.loops} loops`);

/** The greatest job first, since it tells most; of one job, the fastest. */
const hardestThenFastest = (/** @type {Case} */ a, /** @type {Case} */ b) => b.days - a.days || timeOf(a) - timeOf(b);

/**
 * The case that the sentence is about: coroutines, where they passed; else the fastest of the library, of Python,
 * of whatever there is; the floor last, which nobody can use.
 * @param {Case[]} cases
 */
function subjectOf(cases) {
  const all = cases.filter(passed).sort(hardestThenFastest);
  return (
    all.find((one) => one.label === 'coroutines') ??
    all.find((one) => familyOf(one) === 'library') ??
    all.find((one) => familyOf(one) !== 'floor') ??
    all[0]
  );
}

/**
 * The rows that the subject is held against: the same job, the same workers, or one if the strategy has no more.
 * @param {Case} subject
 * @param {Case[]} cases
 */
function rivalsOf(subject, cases) {
  return cases.filter(
    (one) =>
      one.days === subject.days &&
      one.name !== subject.name &&
      one.label !== subject.label &&
      (one.workers === subject.workers ||
        (one.workers === 1 &&
          !cases.some(
            (other) => other.label === one.label && other.workers === subject.workers && other.days === one.days,
          ))),
  );
}

/** A rival's time and memory over the subject's; a ratio that cannot be told is undefined. */
function ratiosTo(/** @type {Case} */ subject, /** @type {Case} */ rival) {
  const [peak, base] = [peakOf(rival), peakOf(subject)];
  return {
    time: timeOf(subject) > 0 ? timeOf(rival) / timeOf(subject) : undefined,
    memory: peak !== undefined && base ? peak / base : undefined,
  };
}

const isSame = (/** @type {number | undefined} */ ratio) => ratio === undefined || Math.abs(ratio - 1) <= as_good;

/** Whether it costs less in something, and more in nothing. */
function isBelow(/** @type {Case} */ subject, /** @type {Case} */ rival) {
  const { time, memory } = ratiosTo(subject, rival);
  const told = [time, memory].filter((ratio) => ratio !== undefined && !isSame(ratio));
  return passed(rival) && told.length > 0 && told.every((ratio) => Number(ratio) < 1);
}

/** What a sentence has room for: the whole reason stands in the table. */
const firstClause = (/** @type {string} */ reason) => reason.split(/[:;,] /)[0];

/** "a thread pool needs 2.1× the memory", "Python’s asyncio 50× the time and 4.6× the memory". */
function heldAgainst(/** @type {Case} */ subject, /** @type {Case} */ rival) {
  const who = spokenOf(rival);
  if (rival.failed) return `${who} failed (${firstClause(rival.failed.reason)})`;
  const { time, memory } = ratiosTo(subject, rival);
  const parts = [];
  if (time !== undefined && !isSame(time)) parts.push(`${times(time)} the time`);
  if (memory !== undefined && !isSame(memory)) parts.push(`${times(memory)} the memory`);
  const need = strategyOf(rival.strategy).plural ? 'need' : 'needs';
  return `${who} ${need} ${parts.length ? listed(parts) : 'the same'}`;
}

function headOf(/** @type {Case} */ subject) {
  const ideal = figure(subject, 'ideal_ratio');
  const peak = peakOf(subject);
  const time =
    ideal === undefined ? seconds(timeOf(subject)) : `${times(ideal)} the ideal time (${seconds(timeOf(subject))})`;
  return `${capital(spokenOf(subject))}: ${time}${peak === undefined ? '' : ` at ${bytes(peak)}`} with ${workersInWords(subject.workers)}`;
}

/** The rivals that the first sentence names: the way most people know, and Python's best known. */
function namedFirst(/** @type {Case} */ subject, /** @type {Case[]} */ rivals) {
  const first = ['thread_pool', 'sequential'].map((name) => rivals.find((one) => one.strategy === name)).find(Boolean);
  const python = rivals.filter((one) => familyOf(one) === 'python');
  const peer =
    python.find((one) => one.strategy === 'python_asyncio') ?? python.filter(passed).sort(hardestThenFastest)[0];
  return /** @type {Case[]} */ ([first, peer].filter(Boolean));
}

/** What the first sentence leaves out: who is as good, who is better, the floor, who failed. */
function asidesOf(/** @type {Case} */ subject, /** @type {Case[]} */ rivals, /** @type {Case[]} */ named) {
  const asides = [];
  const others = rivals.filter((one) => !named.includes(one));
  const same = others.filter(passed).filter((one) => {
    const { time, memory } = ratiosTo(subject, one);
    return isSame(time) && isSame(memory) && familyOf(one) !== 'floor';
  });
  if (same.length) {
    asides.push(
      `${capital(listed(same.map(spokenOf)))} ${same.length > 1 ? 'are' : 'is'} within ${as_good * 100} % of that in both.`,
    );
  }
  const rest = others.filter((one) => !same.includes(one));
  for (const family of ['library', 'other', 'python', 'floor']) {
    const held = rest.filter((one) => familyOf(one) === family).map((one) => heldAgainst(subject, one));
    const isFloorBelow = family === 'floor' && rest.some((one) => familyOf(one) === 'floor' && isBelow(subject, one));
    if (held.length)
      asides.push(`${capital(held.join('; '))}${isFloorBelow ? ': what a library has left to win' : ''}.`);
  }
  const pool = rivals.filter(passed).find((one) => one.strategy === 'thread_pool');
  const [grown, poolGrown] = [figure(subject, 'rss_growth_bytes'), pool && figure(pool, 'rss_growth_bytes')];
  if (grown && grown > 0 && poolGrown) {
    asides.push(
      `Of the memory, ${bytes(grown)} came with the batch; a thread pool’s grew by ${bytes(poolGrown)}, ${times(poolGrown / grown)} as much.`,
    );
  }
  return asides;
}

/**
 * The answer for one point: a sentence, and what else is to be said of it. The cases are those of one point.
 * @param {Case[]} cases
 * @returns {{sentence: string, asides: string[]}}
 */
export function answerOf(cases) {
  if (!cases.length) return { sentence: 'Nothing was measured.', asides: [] };
  const subject = subjectOf(cases);
  if (!subject) {
    const reason = cases.find((one) => one.failed)?.failed?.reason;
    return {
      sentence: `No answer: ${cases.length === 1 ? 'the one row' : `all ${cases.length} rows`} failed${reason ? ` (the first: ${firstClause(reason)})` : ''}.`,
      asides: [],
    };
  }
  const rivals = rivalsOf(subject, cases);
  const named = namedFirst(subject, rivals);
  const sentence = [headOf(subject), ...named.map((one) => heldAgainst(subject, one))].join('; ');
  return { sentence: `${sentence}.`, asides: asidesOf(subject, rivals, named) };
}
