import { createHash } from 'node:crypto';

import { nameOf, row } from './made_up.js';

/** Made-up recordings, of the form that track keeps them in, checksum and all; the same at every call. */

/** 40 hex digits for a word. */
export const commitOf = (/** @type {string} */ word) => createHash('sha1').update(word).digest('hex');
export const programOf = (/** @type {string} */ word) => createHash('sha256').update(word).digest('hex');

/** As track writes it: the context a line a member, each repetition one line, and the checksum of it all compact. */
export function recordingText(/** @type {Record<string, unknown>} */ context, /** @type {unknown[]} */ benchmarks) {
  const whole = { ...context, format: context.format ?? 'farebench-run 1' };
  const sha256 = createHash('sha256')
    .update(JSON.stringify({ context: whole, benchmarks }))
    .digest('hex');
  const rows = benchmarks.map((one) => `\n${JSON.stringify(one)}`).join(',');
  return `{\n"context": ${JSON.stringify({ ...whole, sha256 }, null, 1)},\n"benchmarks": [${rows}\n]\n}\n`;
}

/** A number about 1 that is the same for the same words. */
export const wobble = (/** @type {string} */ words, size = 0.01) =>
  1 + size * (createHash('md5').update(words).digest().readUInt16BE() / 32768 - 1);

/**
 * One recording: `time` and `heap` say what a case's figures are multiplied by, `machine` is a speed.
 * @param {object} options
 * @param {string} options.commit   a word for it
 * @param {string} [options.parent] a word for it
 * @param {number} options.day
 * @param {number} [options.speed]  of the machine, that day: all times and the canary
 * @param {string} [options.program] a word for it; else the commit's
 * @param {(strategy: string, workers: number) => Record<string, number>} [options.factors] by column
 * @param {string[]} [options.strategies]
 * @param {Record<string, unknown>} [options.context]
 * @param {(one: Record<string, any>) => Record<string, any>} [options.change] of a row
 * @param {number} [options.repetitions]
 */
export function recording({
  commit,
  parent,
  day,
  speed = 1,
  program = commit,
  factors = () => ({}),
  strategies = ['sequential', 'thread_pool', 'fibers', 'coroutines', 'multi_poll', 'raw_epoll'],
  context = {},
  change = (one) => one,
  repetitions = 12,
}) {
  const date = new Date(Date.UTC(2026, 10, 1 + day, 9, 30));
  const rows = strategies.flatMap((strategy) =>
    (strategy === 'sequential' ? [1] : [20, 100]).flatMap((workers) =>
      Array.from({ length: repetitions }, (_, index) => {
        const made = row(strategy, workers, 0);
        const noise = (/** @type {string} */ column, /** @type {number} */ size) =>
          wobble(`${commit}${day}${strategy}${workers}${column}${index}`, size) *
          wobble(`${commit}${day}${strategy}${workers}${column}`, size / 2) *
          (factors(strategy, workers)[column] ?? 1);
        return change({
          ...made,
          repetition_index: index,
          repetitions,
          real_time: made.real_time * noise('real_time', 0.012) * speed,
          cpu_us_per_request: made.cpu_us_per_request * noise('cpu_us_per_request', 0.03) * speed,
          rss_growth_bytes: Math.round((made.rss_growth_bytes * noise('rss_growth_bytes', 0.02)) / 4096) * 4096,
          heap_peak_bytes: Math.round(made.heap_peak_bytes * (factors(strategy, workers).heap_peak_bytes ?? 1)),
          allocations_per_request:
            (strategy === 'raw_epoll' ? 3.6 : made.allocations_per_request) +
            (factors(strategy, workers).allocations_per_request ?? 0),
        });
      }),
    ),
  );
  return recordingText(
    {
      date: date.toISOString().replace('.000Z', '+00:00'),
      num_cpus: 2,
      build_type: 'Release',
      commit: commitOf(commit),
      compiler: 'GNU 12.2.0',
      days: '100',
      dirty: 'false',
      engine: 'cpp-httplib',
      first_date: '2026-03-01',
      flags: '-O3 -DNDEBUG',
      kernel: 'Linux',
      latency: '145ms',
      page_kb: '94',
      sanitizers: '',
      workload: 'article',
      parents: parent === undefined ? [] : [commitOf(parent)],
      commit_date: date.toISOString(),
      subject: `${commit}: a subject`,
      program_sha256: programOf(program),
      machine: 'made-up-2-cores',
      load_before: 0.1,
      load_after: 0.4,
      busy_percent: 30.5,
      steal_percent: 0.2,
      canary: 20 * speed,
      canary_after: 20.2 * speed,
      ...context,
    },
    rows,
  );
}

/** The name of a case as accepted.json has it. */
export const seriesName = (/** @type {string} */ strategy, workers = 100) => nameOf(strategy, workers);

/**
 * So many commits in a row, one of them recorded three times: coroutines' time is worse by 12 % from two thirds on, its heap by 4 KiB a
 * worker from a third on and fibers' CPU better by 20 % from the middle on; the machine is slower by a half now and then.
 */
export function madeUpHistory(count = 18, /** @type {Record<string, unknown>} */ context = {}) {
  const word = (/** @type {number} */ at) => `commit ${at}`;
  const made = Array.from({ length: count }, (_, at) => ({
    commit: word(at),
    ...(at ? { parent: word(at - 1) } : {}),
    day: at,
    context,
    speed: [1, 1.02, 1.5, 0.98][at % 4],
    factors: (/** @type {string} */ strategy) => ({
      ...(strategy === 'coroutines' && at >= (count * 2) / 3 ? { real_time: 1.12 } : {}),
      ...(strategy === 'coroutines' && at >= count / 3 ? { heap_peak_bytes: 1.2, allocations_per_request: 1 } : {}),
      ...(strategy === 'fibers' && at >= count / 2 ? { cpu_us_per_request: 0.8 } : {}),
    }),
  }));
  const again = [0.25, 0.5].map((later) => ({ ...made[1], day: made[1].day + later, speed: 1 + later }));
  return [...made, ...again].map(recording);
}
