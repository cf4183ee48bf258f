import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseCaseName } from '../model/case_name.js';

test('a case’s name says strategy, workers, days and the point', () => {
  assert.deepEqual(
    parseCaseName('fetch/strategy:coroutines/workers:100/latency_ms:145/page_kb:94/days:100/iterations:1/manual_time'),
    {
      name: 'fetch/strategy:coroutines/workers:100/latency_ms:145/page_kb:94/days:100',
      strategy: 'coroutines',
      loops: 1,
      label: 'coroutines',
      workers: 100,
      days: 100,
      latency: '145',
      point: 'latency_ms:145/page_kb:94',
    },
  );
});

test('loops make another label, an engine and a seed another point', () => {
  const named = parseCaseName(
    'fetch/strategy:fibers/loops:2/workers:10/latency_ms:lognormal_20_p99_80/seed:7/page_kb:3/days:50/engine:beast',
  );
  assert.equal(named?.label, 'fibers, 2 loops');
  assert.equal(named?.latency, 'lognormal_20_p99_80');
  assert.equal(named?.point, 'latency_ms:lognormal_20_p99_80/seed:7/page_kb:3/engine:beast');
});

test('a strategy may be named as it likes, slashes and all', () => {
  for (const name of ['<script>', '</script>', 'a/b:c', 'line\u2028separator', 'new\nline', '"quoted"']) {
    assert.equal(parseCaseName(`fetch/strategy:${name}/workers:1/latency_ms:0/page_kb:3/days:1`)?.strategy, name);
  }
});

test('a name of another benchmark is none of ours', () => {
  for (const name of [
    'BM_StringCopy/8',
    'fetch/strategy:x',
    '',
    'fetch/strategy:x/workers:0/latency_ms:1/page_kb:3/days:1',
    'fetch/strategy:x/workers:1/latency_ms:1/days:1',
    'fetch/strategy:x/workers:1/latency_ms:1/page_kb:3',
  ]) {
    assert.equal(parseCaseName(name), null, name);
  }
});
