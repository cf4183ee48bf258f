import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { pageHtml } from '../build/main.js';
import { parsePayload } from '../page/payload.js';
import { expectAccessible, figureOf, open, sectionOf } from './browser.js';
import { allCases, madeUpDataset, madeUpGroup, madeUpPayload, temporaryFolder } from './made_up.js';

/** The payload's form, of the tests' own ones and of `track report --json`, and the page that track writes. */

const pair = ['number', 'number'];
const spread = ['number', 'number', 'number'];
const nullable = (/** @type {any} */ form) => (/** @type {any} */ value, /** @type {string} */ path) =>
  value === null || expectForm(value, form, path);
const listOf = (/** @type {any} */ form) => (/** @type {any} */ value, /** @type {string} */ path) => {
  assert.ok(Array.isArray(value), `${path} is no list`);
  value.forEach((member, index) => expectForm(member, form, `${path}[${index}]`));
};
const recordOf = (/** @type {any} */ form) => (/** @type {any} */ value, /** @type {string} */ path) => {
  for (const [key, member] of Object.entries(value)) expectForm(member, form, `${path}.${key}`);
};
const optional = (/** @type {any} */ form) => (/** @type {any} */ value, /** @type {string} */ path) =>
  value === undefined || expectForm(value, form, path);

/** A form is a type's name, a list of forms, an object of them, or a check. Members that it does not name are errors. */
function expectForm(/** @type {any} */ value, /** @type {any} */ form, /** @type {string} */ path) {
  if (typeof form === 'function') return form(value, path);
  if (typeof form === 'string') return assert.equal(typeof value, form, path);
  assert.equal(typeof value, 'object', path);
  assert.notEqual(value, null, path);
  for (const key of new Set([...Object.keys(form), ...Object.keys(value)])) {
    assert.ok(Object.hasOwn(form, key), `${path}.${key} is unknown`);
    expectForm(value[key], form[key], `${path}.${key}`);
  }
}

const series = {
  row: 'string',
  metric: 'string',
  reference: { name: 'string', title: 'string' },
  is_default: 'boolean',
  points: listOf({
    at: 'number',
    figure: 'number',
    reference: 'number',
    ratio: 'number',
    low: 'number',
    high: 'number',
    enough: 'boolean',
    samples: optional(listOf('number')),
  }),
  failed: listOf({ at: 'number', reason: 'string' }),
  band: { size: 'number', text: 'string' },
  changes: listOf({
    at: 'number',
    factor: nullable('number'),
    worse: 'boolean',
    confirmed: 'boolean',
    same_program: 'boolean',
    text: 'string',
  }),
  levels: listOf({ from: 'number', to: 'number', level: 'number' }),
  accepted: listOf({ at: 'number', commit: 'string', reason: 'string' }),
};
const dataset = {
  id: 'string',
  title: 'string',
  file: 'string',
  context: recordOf(() => {}),
  points: listOf({
    id: 'string',
    title: 'string',
    kind: 'string',
    task: 'string',
    connections: 'string',
    warm_up: 'number',
  }),
  cases: listOf({
    name: 'string',
    strategy: 'string',
    label: 'string',
    loops: 'number',
    workers: 'number',
    days: 'number',
    items: 'number',
    point: 'string',
    task: 'string',
    connections: 'string',
    warm_up: 'number',
    client_version: 'string',
    repetitions: 'number',
    failed: nullable({ count: 'number', reason: 'string' }),
    notes: listOf('string'),
    figures: recordOf(spread),
    frontier: listOf('string'),
  }),
  answers: listOf({
    point: 'string',
    headline: 'string',
    rows: listOf({ case: 'string', time_ratio: nullable('number'), memory_ratio: nullable('number'), text: 'string' }),
  }),
  fits: listOf({
    point: 'string',
    label: 'string',
    column: 'string',
    exponent: 'number',
    factor: 'number',
    slope: 'number',
    cases: listOf('string'),
  }),
  timeline: nullable({
    sample_every_ms: 'number',
    curves: recordOf({ repetition: 'number', phases_ms: recordOf('number'), points: listOf(pair) }),
  }),
};
const payloadForm = {
  version: 'number',
  columns: listOf({ name: 'string', title: 'string', unit: 'string', better: 'string', meaning: 'string' }),
  strategies: listOf({
    name: 'string',
    label: 'string',
    family: 'string',
    language: 'string',
    transport: 'string',
    control_flow: 'string',
    code_changes: 'string',
    kind: 'string',
  }),
  datasets: listOf(dataset),
  history: {
    metrics: listOf({ name: 'string', label: 'string', unit: 'string', exact: 'boolean' }),
    groups: listOf({
      id: 'string',
      title: 'string',
      machine: 'string',
      recordings: listOf({
        id: 'string',
        commit: 'string',
        dirty: 'boolean',
        subject: 'string',
        recorded: 'string',
        commit_date: 'string',
        program: 'string',
        compiler: 'string',
        canary: pair,
        load: pair,
        steal: 'number',
      }),
      rows: listOf({ name: 'string', strategy: 'string', label: 'string', workers: 'number', point: 'string' }),
      series: listOf(series),
    }),
  },
  broken: listOf({ file: 'string', reason: 'string' }),
};

test('made-up payloads have the form', () => {
  const datasets = [madeUpDataset('article', allCases()), madeUpDataset('light', [], { timeline: null })];
  expectForm(madeUpPayload({ datasets, groups: [madeUpGroup()] }), payloadForm, 'payload');
});

test('a payload hides nothing', () => {
  const text = JSON.stringify({ 'a\u202e': ['\ufeffb\u200b', { c: 'd\u001b[31m\u009b' }, 1, null, true], e: 'f\n–' });
  assert.deepEqual(parsePayload(text), {
    'a\\u{202e}': ['\\u{feff}b\\u{200b}', { c: 'd\\u{001b}[31m\\u{009b}' }, 1, null, true],
    e: 'f\n–',
  });
});

const root = fileURLToPath(new URL('../../', import.meta.url));
const track = `${root}build/release/bin/track`;
/** The page bundle, where track looks for it. */
const bundle = `${root}build/release/bin/report_page.html`;
const skip = existsSync(track) ? false : 'build/release/bin/track is not built';
const names = ['article', 'light', 'scale'];
const results = names.map((name) => `results/${name}.json`);
const report = (/** @type {string[]} */ ...words) =>
  spawnSync(track, ['report', ...results, 'results/runs', ...words], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
const payloadOfResults = () => {
  const { status, stdout, stderr } = report('--json');
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
};

test('the payload of track has the form', { skip }, () => {
  const payload = payloadOfResults();
  expectForm(payload, payloadForm, 'payload');
  assert.deepEqual(
    payload.datasets.map((/** @type {any} */ { id }) => id),
    names,
  );
  for (const { file, cases } of payload.datasets) {
    const { benchmarks } = JSON.parse(readFileSync(`${root}results/${file}`, 'utf8'));
    assert.equal(cases.length, new Set(benchmarks.map((/** @type {any} */ { run_name }) => run_name)).size);
  }
  assert.equal(payload.history.groups.length, 1);
  assert.equal(payload.history.groups[0].recordings.length, 6);
  assert.deepEqual(payload.broken, []);
});

test('the page of track draws all results', { skip }, async (t) => {
  const { datasets } = payloadOfResults();
  const out = temporaryFolder(t).path('page.html');
  writeFileSync(bundle, await pageHtml());
  const { status, stderr } = report('--out', out);
  assert.equal(status, 0, stderr);
  assert.ok(!readFileSync(out, 'utf8').includes('farebench-data'));
  for (const { id, cases, points } of datasets) {
    const page = await open(t, `${pathToFileURL(out)}#data=${id}`);
    const ofFirstPoint = cases.filter((/** @type {any} */ { point }) => point === points[0].id);
    assert.equal(await page.locator('table.rows tbody tr').count(), ofFirstPoint.length);
    assert.equal(await figureOf(page, 'history of').count(), 1);
    assert.match(await sectionOf(page, 'history').innerText(), /6 recordings of 6 commits/);
    assert.doesNotMatch(await page.locator('main').innerText(), /NaN|undefined|Infinity/);
    await expectAccessible(page);
  }
});
