import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectAccessible, figureOf, openPayload, pageWidth, sectionOf } from './browser.js';
import {
  allCases,
  caseName,
  commitOf,
  madeUpDataset,
  madeUpGroup,
  madeUpPayload,
  madeUpSeries,
  recording,
} from './made_up.js';

const coroutines = caseName('coroutines');
const dataset = () => madeUpDataset('article', allCases(['fibers', 'coroutines', 'raw_epoll']));

/** A payload with one dataset and groups of recordings. */
const withGroups = (...groups) => madeUpPayload({ datasets: [dataset()], groups });

/** The group with its regression accepted. */
function acceptedGroup(reason = 'keeps <b>order</b>', length = 12) {
  const group = madeUpGroup({}, length);
  const series = group.series.find(({ row, metric }) => row === coroutines && metric === 'real_time');
  series?.accepted.push({ at: 8, commit: commitOf(8), reason });
  return group;
}

/** A group of one row. @param {any[]} recordings @param {any} series @param {Record<string, any>} [changes] */
const groupOfOne = (recordings, series, changes = {}) => {
  const row = { name: coroutines, strategy: 'coroutines', label: 'coroutines', workers: 100, point: 'p' };
  return madeUpGroup({ recordings, rows: [row], series: [series], ...changes });
};

const large = (page) => figureOf(page, 'history of');
const markTexts = (page) =>
  large(page)
    .locator('.marks > *')
    .evaluateAll((marks) => marks.map((mark) => mark.getAttribute('aria-label')));

test('without recordings the page says how to record', async (t) => {
  const page = await openPayload(t, withGroups());
  const text = await sectionOf(page, 'history').innerText();
  assert.match(text, /There are no recordings\. \.\/dev track record measures the current commit/);
});

test('broken files are listed with their reasons', async (t) => {
  const broken = [{ file: 'runs/a.json', reason: 'its checksum differs' }];
  for (const groups of [[], [madeUpGroup()]]) {
    const page = await openPayload(t, madeUpPayload({ datasets: [dataset()], groups, broken }));
    assert.match(await sectionOf(page, 'history').innerText(), /runs\/a\.json: its checksum differs/);
  }
});

test('a payload without datasets shows its history', async (t) => {
  const page = await openPayload(t, madeUpPayload({ datasets: [], groups: [madeUpGroup()] }));
  assert.equal(await page.title(), 'farebench: history');
  assert.equal(await large(page).count(), 1);
  assert.equal(await page.locator('#table').count(), 0);
});

test('the row with a regression is shown large', async (t) => {
  const page = await openPayload(t, withGroups(acceptedGroup()));
  assert.equal(await page.locator('#history-series').inputValue(), coroutines);
  assert.equal(await large(page).locator('.marks > *').count(), 12);
  assert.equal(await large(page).locator('.samples > *').count(), 12 * 3);
  assert.equal(await large(page).locator('.band rect').count(), 2);
  assert.equal(await large(page).locator('.changes line').count(), 1);
  assert.match((await large(page).textContent()) ?? '', /▲ \+12 %.*✓ accepted/);
  const text = await sectionOf(page, 'history').innerText();
  assert.match(text, /12 recordings of 12 commits on invented-2-cores/);
  assert.match(text, /coroutines 100\s+\w{7}\s+worse: \+12 %; accepted: keeps <b>order<\/b>/);
  assert.match(await sectionOf(page, 'history').locator('figcaption').innerText(), /^Band: ±2 %\./);
  assert.match(await page.getByRole('radio', { name: 'time' }).locator('..').innerText(), /time \(1 change\)/);
});

test('marks are in the order of recordings', async (t) => {
  const page = await openPayload(t, withGroups(madeUpGroup()));
  const commits = (await markTexts(page)).map((text) => text?.slice(0, 7));
  assert.deepEqual(
    commits,
    Array.from({ length: 12 }, (_, number) => commitOf(number).slice(0, 7)),
  );
  const places = await large(page)
    .locator('.marks > *')
    .evaluateAll((marks) => marks.map((mark) => mark.getBoundingClientRect().left));
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
  );
});

test('metric, row and reference are in the link', async (t) => {
  const page = await openPayload(t, withGroups(madeUpGroup()));
  await page.locator('#against').selectOption({ label: 'thread_pool 20' });
  assert.match((await markTexts(page))[11] ?? '', /time 39\.\d ms, .* of thread_pool 20/);
  await page.locator('.history-panels').getByRole('button', { name: 'coroutines 20' }).click();
  await page.getByText('heap peak', { exact: true }).click();
  assert.match((await markTexts(page))[11] ?? '', /heap peak .* of raw_epoll 100/, 'the default without another');
  assert.match(page.url(), /metric=heap_peak_bytes.*against=.*series=/);
  const texts = await markTexts(page);
  await page.reload();
  assert.deepEqual(await markTexts(page), texts);
  assert.equal(await page.getByRole('button', { name: 'coroutines 20', pressed: true }).count(), 1);
});

test('a change in the table opens its row', async (t) => {
  const page = await openPayload(t, withGroups(madeUpGroup()), `#series=${encodeURIComponent(caseName('fibers'))}`);
  assert.equal(await page.locator('#history-series').inputValue(), caseName('fibers'));
  await page.locator('#changes').getByRole('button', { name: 'coroutines 100' }).click();
  assert.equal(await page.locator('#history-series').inputValue(), coroutines);
});

test('Enter opens the details of a recording', async (t) => {
  const group = madeUpGroup();
  group.recordings[3].program = group.recordings[1].program;
  const page = await openPayload(t, withGroups(group));
  const marks = large(page).locator('.marks > *');
  assert.equal(await large(page).locator('[tabindex="0"]').count(), 1, 'one tab stop');
  await marks.first().focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.locator('#tooltip').innerText(), (await markTexts(page))[1]);
  assert.match(
    (await markTexts(page))[1] ?? '',
    /recorded 2026-11-02 09:30 UTC; .* load 0\.10 to 0\.40; canary 20\.0 to 20\.2 ms/,
  );
  assert.equal(await large(page).locator('.samples > .lit').count(), 3);
  await page.keyboard.press('Enter');
  const details = page.getByRole('group', { name: 'recording r01' });
  const text = await details.innerText();
  assert.match(text, new RegExp(commitOf(1)));
  assert.match(text, /subject 1/);
  assert.match(text, /repetitions\s+39\.\d ms, 40\.\d ms, 40\.\d ms/);
  assert.match(text, /recorded 2 times here/);
  assert.equal(await large(page).locator('.samples > .lit').count(), 3);
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'recording-r01', 'the focus stays');
  await page.reload();
  await details.waitFor();
  await page.getByRole('button', { name: 'close' }).click();
  assert.equal(await details.count(), 0);
  await marks.nth(3).click({ force: true });
  assert.equal(await page.locator('.details').count(), 1);
});

test('filters hide panels of the history', async (t) => {
  const page = await openPayload(t, withGroups(madeUpGroup()));
  assert.equal(await page.locator('.history-panels li').count(), 8);
  await page.getByRole('checkbox', { name: 'coroutines' }).uncheck();
  assert.equal(await page.locator('.history-panels li').count(), 6);
});

test('groups of recordings are chosen, the latest first', async (t) => {
  const early = madeUpGroup({ id: 'early', machine: 'early-machine', title: 'early' }, 3);
  const late = madeUpGroup({ id: 'late', machine: 'late-machine', title: 'late' }, 5);
  const page = await openPayload(t, withGroups(early, late));
  assert.match(await sectionOf(page, 'history').innerText(), /5 recordings of 5 commits on late-machine/);
  await page.getByText('early', { exact: true }).click();
  assert.match(await sectionOf(page, 'history').innerText(), /3 recordings of 3 commits on early-machine/);
  assert.match(page.url(), /group=early/);
});

test('failed and dirty recordings are marked', async (t) => {
  const recordings = [recording(0), recording(0, { id: 'dirty', dirty: true }), recording(1)];
  const series = madeUpSeries(coroutines, 2, { failed: [{ at: 2, reason: 'server was late' }] });
  const page = await openPayload(t, withGroups(groupOfOne(recordings, series)));
  const [clean, dirty, failed] = await markTexts(page);
  assert.match(clean ?? '', /^[0-9a-f]{7}, recorded/);
  assert.match(dirty ?? '', /^[0-9a-f]{7}\+ \(uncommitted changes\), recorded/);
  assert.match(failed ?? '', /failed: server was late/);
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [1280, 360]) {
    test(`axe accepts the history: ${colorScheme}, ${width} px`, async (t) => {
      const payload = madeUpPayload({
        datasets: [dataset()],
        groups: [acceptedGroup()],
        broken: [{ file: 'a.json', reason: 'empty' }],
      });
      const page = await openPayload(t, payload, '#recording=r08', { colorScheme, viewport: { width, height: 800 } });
      assert.equal(await pageWidth(page), width);
      await expectAccessible(page);
    });
  }
}

test('names of fifty commits do not overlap', async (t) => {
  for (const width of [1280, 360]) {
    const page = await openPayload(t, withGroups(madeUpGroup({}, 50)), '', { viewport: { width, height: 800 } });
    const boxes = await large(page)
      .locator('text')
      .evaluateAll((texts) =>
        texts
          .filter((text) => /^[0-9a-f]{7}$/.test(text.textContent ?? ''))
          .map((text) => text.getBoundingClientRect())
          .sort((a, b) => a.left - b.left)
          .map(({ left, right }) => ({ left, right })),
      );
    assert.ok(boxes.length >= 4);
    boxes.slice(1).forEach((box, at) => assert.ok(box.left > boxes[at].right));
  }
});

test('an accepted change of the last commit fits a phone', async (t) => {
  const recordings = Array.from({ length: 30 }, (_, number) => recording(number));
  const series = madeUpSeries(coroutines, 30, { changesAt: 29 });
  Object.assign(series.changes[0], { confirmed: false, factor: null });
  series.accepted.push({ at: 29, commit: commitOf(29), reason: 'needed' });
  series.accepted.push({ at: -1, commit: commitOf(99), reason: 'elsewhere' });
  const payload = withGroups(groupOfOne(recordings, series));
  const page = await openPayload(t, payload, '', { viewport: { width: 360, height: 740 } });
  assert.match((await large(page).textContent()) ?? '', /▲ from zero\?.*✓ accepted/);
  const text = await sectionOf(page, 'history').innerText();
  assert.match(text, /accepted: needed/);
  assert.match(text, /not among these recordings; accepted: elsewhere/);
  assert.equal(await pageWidth(page), 360);
});

test('hostile text of a recording stays text', async (t) => {
  const evil = `<img src=x onerror=alert(1)></script><script>alert(2)</script>"${'x'.repeat(300)}`;
  const recordings = [0, 1, 2].map((number) =>
    recording(number, { id: `${evil}${number}`, subject: evil, compiler: evil }),
  );
  const series = madeUpSeries(evil, 3, {
    changesAt: 1,
    reference: { name: evil, title: evil },
    accepted: [{ at: 1, commit: commitOf(1), reason: evil }],
    band: { size: 0.1, text: evil },
  });
  const row = { name: evil, strategy: evil, label: evil, workers: 100, point: evil };
  const group = groupOfOne(recordings, series, { machine: evil, title: evil, rows: [row] });
  const payload = withGroups(group, madeUpGroup({ id: 'plain' }, 2));
  const page = await openPayload(t, payload, '', { viewport: { width: 360, height: 740 } });
  await large(page).locator('.marks > *').nth(1).focus();
  await page.keyboard.press('Enter');
  assert.ok((await sectionOf(page, 'history').innerText()).includes(`accepted: ${evil}`));
  assert.equal(await page.locator('main img, main script').count(), 0);
  assert.equal(await pageWidth(page), 360);
  await page.reload();
  assert.equal(await page.locator('.details').count(), 1);
});

test('a row without points and an unknown hash are shown', async (t) => {
  const empty = madeUpSeries(coroutines, 0, { levels: [] });
  const hash = '#series=x&against=y&recording=z&group=q&metric=toString';
  const page = await openPayload(t, withGroups(groupOfOne([recording(0)], empty)), hash);
  const text = await sectionOf(page, 'history').innerText();
  assert.match(text, /coroutines 100 has no figures of this metric, or no reference for them/);
  assert.doesNotMatch(text, /NaN|undefined|Infinity/);
});
