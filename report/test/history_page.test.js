import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { readRecordings } from '../build/read_recordings.js';
import { launch, open, pageOf } from './browser.js';
import { folderFor, result } from './made_up.js';
import { commitOf, madeUpHistory, recording, seriesName } from './made_up_history.js';

/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** The page of a small result and of recordings, which are texts. */
async function pageWith(t, texts, accepted = []) {
  const folder = folderFor(t);
  const files = texts.map((text, at) => folder.write(`r${String(at).padStart(2, '0')}.json`, text));
  return pageOf(folder, [folder.write('plain.json', result(['fibers', 'coroutines', 'raw_epoll']))], {
    recordings: readRecordings(files),
    accepted,
  });
}

const accepted = [
  { series: seriesName('coroutines'), metric: 'real_time', commit: commitOf('commit 8'), reason: 'keeps <b>order</b>' },
];
const twelve = madeUpHistory(12);
const large = (page) => page.locator('svg[aria-label^="history of"]');
const words = (page) =>
  large(page)
    .locator('.marks > *')
    .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
const part = (page) => page.locator('section', { has: page.locator('#history') });

test('without recordings it says how to record', async (t) => {
  const page = await open(browser, t, await pageWith(t, []));
  assert.match(await part(page).innerText(), /Nothing was recorded yet\. \.\/dev track record measures this commit/);
});

test('the row that got worse is shown large: each recording, each repetition, both levels and the change', async (t) => {
  const page = await open(browser, t, await pageWith(t, twelve, accepted));
  assert.equal(await page.locator('#history-series').inputValue(), seriesName('coroutines'));
  assert.equal(await large(page).locator('.marks > *').count(), 14);
  assert.equal(await large(page).locator('.samples > *').count(), 14 * 12);
  assert.equal(await large(page).locator('.band rect').count(), 2);
  assert.equal(await large(page).locator('.changes line').count(), 1);
  assert.match(await large(page).locator('.labels').first().textContent(), /▲ \+1[123] %/);
  assert.match(await large(page).textContent(), /✓ accepted/);
  assert.match(
    await part(page).innerText(),
    /worse: \+1[123] % \(the next recording agrees\); accepted: keeps <b>order<\/b>/,
  );
  assert.match(
    await part(page).locator('figcaption').innerText(),
    /Band: ±2\.\d %, what the 2 repeated recordings of one program moved by/,
  );
});

test('commits stand in their order, the three recordings of one side by side', async (t) => {
  const page = await open(browser, t, await pageWith(t, twelve));
  const commits = (await words(page)).map((one) => one?.slice(0, 7));
  const expected = Array.from({ length: 12 }, (_, at) => commitOf(`commit ${at}`).slice(0, 7));
  expected.splice(2, 0, expected[1], expected[1]);
  assert.deepEqual(commits, expected);
  const places = await large(page)
    .locator('.marks > *')
    .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().left));
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
  );
});

test('figure, row and reference are chosen, and the link restores them', async (t) => {
  const page = await open(browser, t, await pageWith(t, twelve));
  await page.getByText('heap peak', { exact: true }).click();
  assert.match((await words(page))[13] ?? '', /heap peak .* of raw_epoll 100’s: .*/);
  await page.locator('#against').selectOption({ label: 'thread_pool 20' });
  await page.locator('.history-panels').getByRole('button', { name: 'coroutines 20' }).click();
  const told = await words(page);
  assert.match(told[13] ?? '', /of thread_pool 20’s/);
  assert.ok(told.some((one) => one?.includes('worse: +20 % (counted)')));
  assert.match(page.url(), /metric=heap_peak_bytes.*against=.*series=/);
  await page.reload();
  assert.deepEqual(await words(page), told);
  assert.equal(await page.getByRole('button', { name: 'coroutines 20', pressed: true }).count(), 1);
});

test('a recording’s samples and circumstances come at a click or Enter, and go again; all by keyboard', async (t) => {
  const page = await open(browser, t, await pageWith(t, twelve));
  const marks = large(page).locator('.marks > *');
  assert.equal(await large(page).locator('[tabindex="0"]').count(), 1, 'one stop of the Tab key');
  await marks.first().focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.locator('#tooltip').innerText(), (await words(page))[1]);
  assert.match(
    (await words(page))[1] ?? '',
    /recorded 2026-11-02 09:30 UTC; .* load 0\.10 to 0\.40, canary 20\.4 to 20\.6 ms/,
  );
  assert.equal(await large(page).locator('.samples > .lit').count(), 12);
  await page.keyboard.press('Enter');
  const details = page.getByRole('group', { name: 'recording r01' });
  assert.match(await details.innerText(), new RegExp(commitOf('commit 1')));
  assert.match(await details.innerText(), /commit 1: a subject/);
  assert.match(await details.innerText(), /repetitions\s+(\d+ ms(, )?){12}/);
  assert.match(await details.innerText(), /recorded 3 times here/);
  assert.equal(await large(page).locator('.samples > .chosen').count(), 12);
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'recording-r01', 'focus stays');
  await page.reload();
  await details.waitFor();
  await page.getByRole('button', { name: 'close' }).click();
  assert.equal(await details.count(), 0);
  await marks.nth(3).click({ force: true });
  assert.equal(await page.locator('.details').count(), 1);
});

test('all rows are there, small, of one span; the page’s filters hold for them', async (t) => {
  const page = await open(browser, t, await pageWith(t, twelve));
  assert.equal(await page.locator('.history-panels li').count(), 11);
  await page.getByRole('checkbox', { name: 'coroutines' }).uncheck();
  assert.equal(await page.locator('.history-panels li').count(), 9);
});

test('machines and settings are apart', async (t) => {
  const texts = [
    recording({ commit: 'a', day: 0, repetitions: 3 }),
    recording({ commit: 'a', day: 1, repetitions: 3, context: { machine: 'other-4-cores' } }),
    recording({ commit: 'b', day: 2, repetitions: 3, context: { machine: 'other-4-cores', engine: 'beast' } }),
  ];
  const page = await open(browser, t, await pageWith(t, texts));
  assert.match(await part(page).innerText(), /1 recording of 1 commit on other-4-cores/);
  await page.getByText(/engine cpp-httplib/).click();
  assert.equal((await words(page)).length, 1);
  assert.match((await words(page))[0] ?? '', new RegExp(`^${commitOf('a').slice(0, 7)}`));
  await page.getByText('made-up-2-cores', { exact: true }).click();
  assert.match(await part(page).innerText(), /1 recording of 1 commit on made-up-2-cores/);
});

test('failed recordings are marked with their reason, and dirty ones told from clean', async (t) => {
  const fails = (one) =>
    one.name.includes('coroutines/workers:100')
      ? { ...one, error_occurred: true, error_message: 'server was late' }
      : one;
  const texts = [
    recording({ commit: 'a', day: 0, repetitions: 3 }),
    recording({ commit: 'b', day: 1, repetitions: 3, change: fails }),
    recording({ commit: 'a', day: 2, repetitions: 3, context: { dirty: 'true' } }),
  ];
  const page = await open(browser, t, await pageWith(t, texts));
  const [clean, dirty, failed] = await words(page);
  assert.match(clean ?? '', /^[0-9a-f]{7}, recorded/);
  assert.match(dirty ?? '', /^[0-9a-f]{7}\+ \(with changes\), recorded/);
  assert.match(failed ?? '', /failed: server was late/);
  assert.match(await part(page).locator('figcaption').innerText(), /fewer than 7 repetitions/);
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [1280, 360]) {
    test(`axe finds nothing in the history: ${colorScheme}, ${width} px`, async (t) => {
      const url = `${await pageWith(t, twelve, accepted)}#recording=r08`;
      const page = await open(browser, t, url, { colorScheme, viewport: { width, height: 800 } });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
      const { violations } = await page.evaluate(() => /** @type {any} */ (window).axe.run());
      assert.deepEqual(
        violations.map(
          (one) =>
            `${one.id}: ${one.nodes
              .slice(0, 4)
              .map((node) => node.html.slice(0, 160))
              .join(' | ')}`,
        ),
        [],
      );
    });
  }
}

test('names of commits can be read with fifty of them, on a phone too: none lies upon another', async (t) => {
  const url = await pageWith(
    t,
    Array.from({ length: 50 }, (_, at) =>
      recording({ commit: `c${at}`, day: at, strategies: ['coroutines', 'raw_epoll'], repetitions: 3 }),
    ),
  );
  for (const width of [1280, 360]) {
    const page = await open(browser, t, url, { viewport: { width, height: 800 } });
    const boxes = await large(page)
      .locator('text')
      .evaluateAll((all) =>
        all
          .filter((one) => /^[0-9a-f]{7}$/.test(one.textContent ?? ''))
          .map((one) => one.getBoundingClientRect())
          .sort((a, b) => a.left - b.left)
          .map(({ left, right }) => ({ left, right })),
      );
    assert.ok(boxes.length >= 4);
    boxes.slice(1).forEach((box, at) => assert.ok(box.left > boxes[at].right));
  }
});

test('what the last commit of many did fits a phone', async (t) => {
  const texts = Array.from({ length: 30 }, (_, at) =>
    recording({
      commit: `c${at}`,
      day: at,
      strategies: ['coroutines', 'raw_epoll'],
      repetitions: 3,
      factors: (strategy) => (strategy === 'coroutines' && at === 29 ? { real_time: 1.3 } : {}),
    }),
  );
  const purpose = { ...accepted[0], commit: commitOf('c29') };
  const page = await open(browser, t, await pageWith(t, texts, [purpose]), { viewport: { width: 360, height: 740 } });
  assert.match((await large(page).textContent()) ?? '', /▲ \+\d+ %\?.*✓ accepted/);
  assert.match(await part(page).innerText(), /not confirmed: no recording after it\); accepted: keeps/);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
});

test('hostile text of a recording stays text, at 360 px', async (t) => {
  const evil = '<img src=x onerror=alert(1)></script><script>alert(2)</script>"\u2028';
  const long = 'x'.repeat(300);
  const name = (one) => ({ ...one, name: one.name.replace('coroutines', `${evil}${long}`) });
  const context = {
    machine: `${evil}${long}`,
    subject: `${evil}${long}`,
    engine: evil,
    workload: evil,
    compiler: evil,
  };
  const texts = [0, 1, 2].map((day) =>
    recording({
      commit: `c${day}`,
      day,
      repetitions: 3,
      strategies: ['coroutines', 'raw_epoll'],
      change: name,
      context,
    }),
  );
  texts.push(recording({ commit: 'z', day: 9, repetitions: 3, context: { ...context, machine: 'plain' } }));
  const purpose = {
    series: seriesName(`${evil}${long}`),
    metric: 'real_time',
    commit: commitOf('c1'),
    reason: `${evil.replace('\u2028', '')}${long}`,
  };
  const page = await open(browser, t, await pageWith(t, texts, [purpose]), { viewport: { width: 360, height: 740 } });
  await page.locator('fieldset', { hasText: 'machine' }).locator('label').filter({ hasText: long }).click();
  await page.locator('#history-series').selectOption(purpose.series);
  await large(page).locator('.marks > *').nth(1).focus();
  await page.keyboard.press('Enter');
  const text = await part(page).innerText();
  assert.ok(text.includes(`accepted: ${purpose.reason}`));
  assert.ok(text.includes('<img src=x onerror=alert(1)></script>'));
  assert.equal(await page.locator('main img, main script').count(), 0);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  await page.reload();
  assert.equal(await page.locator('.details').count(), 1);
  await page.locator('#history-series').selectOption(seriesName('raw_epoll'));
  await page.locator('#against').selectOption(purpose.series);
  assert.equal((await words(page)).length, 3);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
});

test('one recording, of one row, is a history too, and a hash that nobody wrote is as at first', async (t) => {
  const text = recording({ commit: 'a', day: 0, repetitions: 1, strategies: ['sequential'] });
  const page = await open(
    browser,
    t,
    `${await pageWith(t, [text])}#series=x&against=y&recording=z&machine=q&setting=s`,
  );
  assert.match(await part(page).innerText(), /sequential 1 has no such figure, or nothing to hold it against/);
  await page.locator('#against').selectOption('canary');
  assert.equal((await words(page)).length, 1);
  assert.doesNotMatch(await part(page).innerText(), /NaN|undefined|Infinity/);
});
