import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answerOf } from '../model/answer.js';
import { waitingInWords } from '../model/waiting.js';

const MiB = 2 ** 20;
let made = 0;

/** A case that passed: seconds, MiB, and whatever else is to be so. */
const passed = (strategy, time, peak, change = {}) => ({
  name: `case ${++made}`,
  strategy,
  label: strategy,
  loops: 1,
  workers: 100,
  days: 100,
  latency: '145',
  point: 'p',
  repetitions: 5,
  failed: null,
  notes: [],
  figures: Object.fromEntries(
    Object.entries({ time_s: time, rss_peak_bytes: peak * MiB, ideal_ratio: time / 0.29, ...change.figures })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, [value, value, value]]),
  ),
  ...change.case,
});
const failed = (strategy, reason = '3335 of 10000 days failed, first: 2044') => ({
  ...passed(strategy, 1, 1),
  figures: {},
  failed: { count: 5, reason },
});

test('the sentence names the ideal, the memory, a thread pool’s and asyncio’s price', () => {
  const { sentence } = answerOf([
    passed('coroutines', 0.3016, 14),
    passed('thread_pool', 0.3016, 29.4),
    passed('python_asyncio', 15.08, 70),
  ]);
  assert.equal(
    sentence,
    'Coroutines: 1.04× the ideal time (302 ms) at 14.0 MiB with 100 workers; a thread pool needs 2.1× the memory; Python’s asyncio needs 50× the time and 5.0× the memory.',
  );
});

test('what is cheaper than the subject is said to be', () => {
  const { sentence } = answerOf([passed('coroutines', 1, 20), passed('thread_pool', 0.5, 10)]);
  assert.match(sentence, /a thread pool needs 0.50× the time and 0.50× the memory/);
});

test('who is as good, the floor, and who failed are said besides', () => {
  const { asides } = answerOf([
    passed('coroutines', 0.3, 14),
    passed('fibers', 0.303, 14.2),
    passed('multi_poll', 0.3, 14),
    passed('raw_epoll', 0.3, 12),
    failed('multi_socket'),
  ]);
  assert.ok(asides.includes('Fibers and callbacks (multi_poll) are within 5 % of that in both.'));
  assert.ok(asides.includes('Callbacks (multi_socket) failed (3335 of 10000 days failed).'));
  assert.ok(asides.includes('The floor (raw_epoll) needs 0.86× the memory: what a library has left to win.'));
});

test('a floor that was slower is not called what there is to win', () => {
  const { asides } = answerOf([passed('coroutines', 0.3, 14), passed('raw_epoll', 0.4, 12)]);
  assert.deepEqual(asides, ['The floor (raw_epoll) needs 1.3× the time and 0.86× the memory.']);
});

test('without an ideal the time stands alone', () => {
  const { sentence } = answerOf([passed('coroutines', 0.01, 14, { figures: { ideal_ratio: undefined } })]);
  assert.equal(sentence, 'Coroutines: 10.0 ms at 14.0 MiB with 100 workers.');
});

test('without coroutines it is about the library’s fastest; never about the floor while there is another', () => {
  assert.match(
    answerOf([passed('raw_epoll', 0.1, 1), passed('fibers', 0.4, 14), passed('thread_pool', 0.3, 17)]).sentence,
    /^A thread pool: /,
  );
  assert.match(
    answerOf([passed('raw_epoll', 0.1, 1), passed('python_sync', 40, 41)]).sentence,
    /^Python’s one after the other: /,
  );
  assert.match(answerOf([passed('raw_epoll', 0.3, 12)]).sentence, /^The floor \(raw_epoll\): /);
  assert.match(answerOf([failed('coroutines'), passed('fibers', 0.4, 14)]).sentence, /^Fibers: /);
});

test('when all failed there is no answer, but a reason', () => {
  assert.equal(
    answerOf([failed('coroutines'), failed('fibers')]).sentence,
    'No answer: all 2 rows failed (the first: 3335 of 10000 days failed).',
  );
  assert.equal(
    answerOf([failed('coroutines')]).sentence,
    'No answer: the one row failed (the first: 3335 of 10000 days failed).',
  );
  assert.equal(answerOf([]).sentence, 'Nothing was measured.');
});

test('rows of fewer days are not held against those of more', () => {
  const small = { case: { workers: 10, days: 10 } };
  const { sentence, asides } = answerOf([
    passed('coroutines', 2, 100),
    passed('thread_pool', 0.1, 14, small),
    passed('coroutines', 0.1, 13, small),
  ]);
  assert.equal(sentence, 'Coroutines: 6.9× the ideal time (2.00 s) at 100 MiB with 100 workers.');
  assert.deepEqual(asides, []);
});

test('a strategy that has but one worker is held against many', () => {
  const { sentence } = answerOf([
    passed('coroutines', 0.3, 14),
    passed('sequential', 29, 12.7, { case: { workers: 1 } }),
  ]);
  assert.match(sentence, /one after the other needs 97× the time and 0.91× the memory/);
});

test('a name of unknown origin is only ever text of the sentence', () => {
  assert.match(answerOf([passed('<script>', 0.3, 14)]).sentence, /^<script>: /);
});

test('a subject that took no time and no memory divides nothing', () => {
  const { sentence } = answerOf([passed('coroutines', 0, 0), passed('thread_pool', 0.5, 10)]);
  assert.doesNotMatch(sentence, /Infinity|NaN|undefined/);
});

const busy = (strategy, time, share, workers = 100) =>
  passed(strategy, time, 14, { figures: { cpu_s: time * share, cpu_share: share, ideal_s: 0.29 }, case: { workers } });

test('Python’s rows that work are said to work, with what waiting explains', () => {
  const words = waitingInWords([
    busy('coroutines', 0.32, 0.12),
    busy('python_asyncio', 16, 0.98),
    busy('python_threads', 18, 0.97),
    busy('python_sync', 45, 0.36, 1),
  ]);
  assert.match(words, /Busiest is Python’s asyncio, 100 workers: 15.7 s of CPU in 16.0 s \(98 % of a core\)/);
  assert.match(
    words,
    /All of Python’s parallel rows are mostly work, their own, and not I\/O: waiting explains 290 ms of the 16.0 s/,
  );
});

test('Python’s rows that wait are not said to work', () => {
  const words = waitingInWords([busy('coroutines', 0.32, 0.12), busy('python_asyncio', 16, 0.2)]);
  assert.doesNotMatch(words, /mostly work/);
  assert.match(words, /No row spends half of its time working/);
});

test('rows without CPU figures say nothing of it', () => {
  assert.equal(waitingInWords([failed('coroutines')]), 'No row says how much CPU it took.');
});
