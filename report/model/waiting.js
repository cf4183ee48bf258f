import { figure } from './cases.js';
import { strategyOf } from './strategies.js';
import { capital, listed, percent, seconds, workersInWords } from './units.js';

/** @typedef {import('./types.js').Case} Case */

/** Above this share of one core a row is busy rather than waiting. */
const busy = 0.5;

/** The rows whose CPU and time are both known, the busiest first. */
export function byBusyness(/** @type {Case[]} */ cases) {
  const share = (/** @type {Case} */ one) => figure(one, 'cpu_share') ?? -1;
  return cases.filter((one) => share(one) >= 0).sort((a, b) => share(b) - share(a));
}

/** "Python’s asyncio, 100 workers: 15.9 s of 16.2 s (98 %)". */
function shareInWords(/** @type {Case} */ one) {
  const [cpu, time, share] = ['cpu_s', 'time_s', 'cpu_share'].map((column) => figure(one, column) ?? 0);
  return (
    `${strategyOf(one.strategy).spoken}, ${workersInWords(one.workers)}: ` +
    `${seconds(cpu)} of CPU in ${seconds(time)} (${percent(share)} of a core)`
  );
}

/**
 * Where the time goes, from the rows: whose is mostly work, whose mostly waiting, and what the latency alone explains.
 * @param {Case[]} cases of one point
 */
export function waitingInWords(cases) {
  const rows = byBusyness(cases);
  if (!rows.length) return 'No row says how much CPU it took.';
  const most = rows[0];
  const least = rows[rows.length - 1];
  const sentences = [`Busiest is ${shareInWords(most)}.`];
  if (least !== most) sentences.push(`Least busy is ${shareInWords(least)}; the rest of its time it waits.`);
  const python = rows.filter((one) => strategyOf(one.strategy).family === 'python' && one.workers > 1);
  const working = python.filter((one) => (figure(one, 'cpu_share') ?? 0) > busy);
  if (working.length && working.length === python.length) {
    const fastest = [...working].sort((a, b) => (figure(a, 'time_s') ?? 0) - (figure(b, 'time_s') ?? 0))[0];
    const ideal = figure(fastest, 'ideal_s');
    sentences.push(
      `All of Python’s parallel rows are mostly work, their own, and not I/O` +
        (ideal === undefined
          ? '.'
          : `: waiting explains ${seconds(ideal)} of the ${seconds(figure(fastest, 'time_s') ?? 0)} ` +
            `that the fastest of them, ${strategyOf(fastest.strategy).spoken}, takes with ${fastest.workers} workers.`) +
        ' More workers cannot help there; less work a page can.',
    );
  } else if (working.length) {
    sentences.push(
      `Of Python’s ${python.length} parallel rows ${working.length} ${working.length > 1 ? 'are' : 'is'} mostly work: ` +
        `${listed(working.map((one) => `${strategyOf(one.strategy).spoken} with ${one.workers}`))}.`,
    );
  } else if (rows.every((one) => (figure(one, 'cpu_share') ?? 0) <= busy)) {
    sentences.push('No row spends half of its time working: here waiting is what there is to save.');
  }
  return sentences.map(capital).join(' ');
}
