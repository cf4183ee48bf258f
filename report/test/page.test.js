import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { launch, open, pageOf } from './browser.js';
import { folderFor, nameOf, result, row, timelineOf } from './made_up.js';

/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** The page of a whole article result with curves, and of one without, some of whose rows failed. */
async function twoDatasets(t) {
  const folder = folderFor(t);
  const article = result();
  const scale = result(['thread_pool', 'coroutines', 'raw_epoll'], { workload: 'scale' });
  for (const one of scale.benchmarks) {
    one.name = one.name.replace(
      'latency_ms:145',
      one.name.includes('workers:20/') ? 'latency_ms:50' : 'latency_ms:1000',
    );
    if (one.name.includes('thread_pool/workers:100/'))
      Object.assign(one, { error_occurred: true, error_message: '3335 of 10000 days failed: out_of_resources' });
  }
  const files = [folder.write('article.json', article), folder.write('scale.json', scale)];
  folder.write('article.timeline.json', timelineOf(article));
  return pageOf(folder, files);
}

const figure = (page, name) => page.locator(`svg[aria-label^="${name}"]`);

test('every row has its mark, its bar, its panel and its line in the table', async (t) => {
  const page = await open(browser, t, await twoDatasets(t));
  assert.equal(await figure(page, 'time against memory').locator('.marks > path').count(), 20);
  assert.equal(await figure(page, 'CPU as a share').locator('.marks > rect').count(), 20);
  assert.equal(await page.locator('.panels li').count(), 20);
  assert.equal(await page.locator('.panels .peak').count(), 20);
  assert.equal(await page.locator('table.rows tbody tr').count(), 20);
  assert.equal(
    await figure(page, 'growth of memory').locator('.marks > path').count(),
    18,
    'each strategy of two worker counts',
  );
  assert.equal(await figure(page, 'growth of memory').locator('.fitted path').count(), 9);
  assert.equal(await figure(page, 'time against memory').locator('.frontier path').count(), 1);
});

test('colour and shape: families and control flows are told apart', async (t) => {
  const page = await open(browser, t, await twoDatasets(t));
  const looks = await figure(page, 'time against memory')
    .locator('.marks > path')
    .evaluateAll((marks) =>
      marks.map((mark) => ({
        label: mark.getAttribute('aria-label')?.split(',')[0],
        path: mark.getAttribute('d'),
        stroke: getComputedStyle(mark).stroke,
        fill: getComputedStyle(mark).fill,
      })),
    );
  const of = (label) => looks.find((look) => look.label === label);
  assert.equal(new Set(looks.map((look) => look.stroke)).size, 11);
  assert.equal(of('coroutines').path, of('python_asyncio').path);
  assert.equal(of('thread_pool').path, of('python_threads').path);
  assert.equal(of('coroutines').fill, of('coroutines').stroke);
  assert.notEqual(of('python_asyncio').fill, of('python_asyncio').stroke);
});

test('the answer is a sentence of the data', async (t) => {
  const page = await open(browser, t, await twoDatasets(t));
  assert.match(
    await page.locator('.answer').innerText(),
    /^Coroutines: 1\.\d\d× the ideal time \(\d+ ms\) at 14\.\d MiB with 100 workers; a thread pool needs 1\.\d+× the memory; Python’s asyncio needs \d+× the time and 5\.\d× the memory\.$/,
  );
  assert.match(
    await page.locator('section', { has: page.locator('#waiting') }).innerText(),
    /All of Python’s parallel rows are mostly work/,
  );
});

for (const width of [1280, 700]) {
  test(`labels of twenty marks can be read: none lies upon another, at ${width} px`, async (t) => {
    const page = await open(browser, t, await twoDatasets(t), { viewport: { width, height: 900 } });
    const texts = await figure(page, 'time against memory')
      .locator('.labels text')
      .evaluateAll((all) =>
        all.map((one) => {
          const { left, right, top, bottom } = one.getBoundingClientRect();
          return { text: one.textContent, left, right, top: top + 2, bottom: bottom - 2 };
        }),
      );
    assert.equal(texts.length, 20);
    for (const [index, a] of texts.entries()) {
      for (const b of texts.slice(index + 1))
        assert.ok(
          a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top,
          `${a.text} upon ${b.text}`,
        );
    }
  });
}

test('a filter leaves rows out everywhere, and its link restores it', async (t) => {
  const page = await open(browser, t, await twoDatasets(t));
  await page.getByRole('checkbox', { name: 'python_threads' }).uncheck();
  await page.getByRole('checkbox', { name: '20', exact: true }).uncheck();
  const check = async () => {
    assert.equal(await figure(page, 'time against memory').locator('.marks > path').count(), 10);
    assert.equal(await page.locator('table.rows tbody tr').count(), 10);
    assert.equal(await page.locator('.panels li').count(), 10);
    assert.equal(await page.getByRole('status').innerText(), '10 of 20 rows shown');
  };
  await check();
  assert.match(page.url(), /#.*without=python_threads/);
  await page.reload();
  await check();
  await page.getByRole('button', { name: 'show all' }).click();
  assert.equal(await page.locator('table.rows tbody tr').count(), 20);
  assert.doesNotMatch(page.url(), /#/);
});

test('focus stays on the control that was used', async (t) => {
  const page = await open(browser, t, await twoDatasets(t));
  await page.getByRole('checkbox', { name: 'fibers' }).focus();
  await page.keyboard.press('Space');
  assert.equal(await page.getByRole('checkbox', { name: 'fibers' }).isChecked(), false);
  assert.equal(await page.evaluate(() => document.activeElement?.parentElement?.textContent), 'fibers');
});

test('datasets and points are chosen, and deep links to them hold', async (t) => {
  const url = await twoDatasets(t);
  const page = await open(browser, t, url);
  await page.getByText('scale', { exact: true }).click();
  assert.equal(await page.title(), 'farebench: scale');
  await page.getByText(/^hold: 1 s a response/).click();
  assert.match(await page.locator('.answer').innerText(), /a thread pool failed \(3335 of 10000 days failed\)/);
  const link = page.url();
  const other = await open(browser, t, link);
  assert.equal(await other.locator('.answer').innerText(), await page.locator('.answer').innerText());
  await other.evaluate(() => {
    location.hash = '#data=article&sort=-time_s';
  });
  await other.getByRole('columnheader', { name: 'time, s' }).and(other.locator('[aria-sort="descending"]')).waitFor();
  assert.equal(await other.title(), 'farebench: article');
});

test('a row that failed is shown with its reason, and its curves’ absence with how to get them', async (t) => {
  const page = await open(browser, t, `${await twoDatasets(t)}#data=scale&point=latency_ms%3A1000%2Fpage_kb%3A94`);
  assert.match(
    await page.locator('tr.failed').innerText(),
    /thread_pool\s+100\s+FAILED \(5 of 5\): 3335 of 10000 days failed: out_of_resources/,
  );
  assert.match(await page.locator('.left-out').innerText(), /thread_pool 100 failed/);
  assert.match(
    await page.locator('section', { has: page.locator('#memory-over-time') }).innerText(),
    /scale\.timeline\.json/,
  );
});

test('a heading sorts, and the other way round the second time', async (t) => {
  const page = await open(browser, t, await twoDatasets(t));
  const heading = page.getByRole('columnheader', { name: 'peak, MiB' });
  const first = () => page.locator('table.rows tbody tr').first().locator('th').innerText();
  await heading.getByRole('button').click();
  assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
  assert.match(await first(), /raw_epoll/);
  await heading.getByRole('button').press('Enter');
  assert.equal(await heading.getAttribute('aria-sort'), 'descending');
  assert.match(await first(), /python_threads/);
});

test('least and most stand beneath the medians when they are asked for', async (t) => {
  const page = await open(browser, t, await twoDatasets(t));
  const cell = page.locator('table.rows tbody tr').first().locator('td').nth(1);
  assert.equal(await cell.innerText(), '29.2');
  await page.getByRole('checkbox', { name: 'least to most' }).check();
  assert.match(await cell.innerText(), /^29.2\s+28.9 to 29.6$/);
  assert.match(page.url(), /ranges=shown/);
});

test('the rows that are shown can be had as CSV', async (t) => {
  const page = await open(browser, t, `${await twoDatasets(t)}#without=python_sync`);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'download these 19 rows as CSV' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'farebench-article.csv');
  const lines = readFileSync(await download.path(), 'utf8')
    .trimEnd()
    .split('\r\n');
  assert.equal(lines.length, 20);
  assert.match(lines[0], /^strategy,loops,workers,.*rss_peak_bytes_median,rss_peak_bytes_min,rss_peak_bytes_max/);
});

test('marks are reached by keyboard, and tell what they are until Escape', async (t) => {
  const page = await open(browser, t, await twoDatasets(t));
  const marks = figure(page, 'time against memory').locator('.marks > path');
  assert.equal(
    await figure(page, 'time against memory').locator('[tabindex="0"]').count(),
    1,
    'one stop of the Tab key',
  );
  await marks.first().focus();
  const tooltip = page.locator('#tooltip');
  assert.equal(await tooltip.innerText(), await marks.first().getAttribute('aria-label'));
  await page.keyboard.press('ArrowRight');
  assert.equal(await tooltip.innerText(), await marks.nth(1).getAttribute('aria-label'));
  assert.match(
    await tooltip.innerText(),
    /^thread_pool, 20 workers: 1\.\d+ s \(.* to .*\), .*× the ideal; peak resident memory 13\.\d MiB/,
  );
  await page.keyboard.press('Escape');
  assert.equal(await tooltip.isVisible(), false);
  await marks.nth(4).hover({ force: true });
  assert.equal(await tooltip.isVisible(), true);
});

test('memory and axes have other measures, and every figure follows', async (t) => {
  const page = await open(browser, t, await twoDatasets(t));
  await page.getByText('growth over the memory at rest', { exact: true }).click();
  assert.match(
    (await figure(page, 'time against memory').locator('.marks > path').first().getAttribute('aria-label')) ?? '',
    /growth over the memory at rest/,
  );
  const path = () => page.locator('.panels .curve path').first().getAttribute('d');
  const log = await path();
  await page.getByText('linear', { exact: true }).click();
  assert.notEqual(await path(), log);
  assert.match(page.url(), /axes=linear/);
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const [width, hash] of /** @type {const} */ ([
    [1280, ''],
    [360, ''],
    [1280, '#data=scale'],
  ])) {
    test(`axe finds nothing: ${colorScheme}, ${width} px${hash && ', failed rows'}`, async (t) => {
      const page = await open(browser, t, (await twoDatasets(t)) + hash, {
        colorScheme,
        viewport: { width, height: 800 },
      });
      await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
      const { violations } = await page.evaluate(() => /** @type {any} */ (window).axe.run());
      assert.deepEqual(
        violations.map(
          (one) =>
            `${one.id}: ${one.nodes
              .slice(0, 4)
              .map((node) => node.html.slice(0, 120))
              .join(' | ')}`,
        ),
        [],
      );
    });
  }
}

test('the schemes differ', async (t) => {
  const url = await twoDatasets(t);
  const papers = await Promise.all(
    /** @type {const} */ (['light', 'dark']).map(async (colorScheme) =>
      (await open(browser, t, url, { colorScheme })).evaluate(() => getComputedStyle(document.body).backgroundColor),
    ),
  );
  assert.notEqual(papers[0], papers[1]);
});

test('on a phone the page never scrolls sideways; wide tables do, and can be focused', async (t) => {
  const page = await open(browser, t, await twoDatasets(t), { viewport: { width: 360, height: 740 } });
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  const region = page.getByRole('region', { name: 'all columns of the rows' });
  assert.ok(await region.evaluate((one) => one.scrollWidth > one.clientWidth));
  await region.focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => Number(document.querySelector('#rows')?.scrollLeft) > 0);
});

test('a window that changes its width has figures that fit', async (t) => {
  const page = await open(browser, t, await twoDatasets(t));
  await page.setViewportSize({ width: 500, height: 800 });
  await page.waitForFunction(() => Number(document.querySelector('figure svg')?.clientWidth) < 500);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 500);
});

test('hostile text stays text', async (t) => {
  const folder = folderFor(t);
  const names = [
    '<script>alert(1)</script>',
    '</script><img src=x onerror=alert(2)>',
    '"><svg onload=alert(3)>',
    'line\u2028and\u2029paragraph',
    '<!--',
    '__proto__',
    'x'.repeat(300),
    '&amp;',
    '=HYPERLINK("x")',
  ];
  const made = {
    context: {
      ...result().context,
      '<b>key': '</script><script>alert(4)</script>\u2028',
      cpu_model: '<img src=x onerror=alert(5)>',
      workload: '<script>',
    },
    benchmarks: names.flatMap((name, at) =>
      [20, 100].map((workers) => ({
        ...row('coroutines', workers, 0, { real_time: 100 + 10 * at + workers }),
        name: nameOf(name, workers),
        label: `<i>${name}; late`,
        ...(at === 2 ? { error_occurred: true, error_message: `<img src=x onerror=alert(6)> ${name}` } : {}),
      })),
    ),
  };
  const file = folder.write('run.json', made);
  folder.write(
    'run.timeline.json',
    timelineOf({ benchmarks: made.benchmarks.map((one) => ({ ...one, repetition_index: 0 })) }),
  );
  const page = await open(browser, t, await pageOf(folder, [file]), { viewport: { width: 360, height: 740 } });
  assert.equal(await page.locator('main img, main script, main b, main i').count(), 0);
  const text = await page.locator('main').innerText();
  for (const name of names.filter((one) => !/[\u2028\u2029]/.test(one))) assert.ok(text.includes(name), name);
  assert.equal(await page.locator('table.rows tbody tr').count(), 18);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  await page.getByRole('checkbox', { name: names[0] }).uncheck();
  await page.reload();
  assert.equal(await page.locator('table.rows tbody tr').count(), 16);
});

test('one row, or none that passed, is a page too', async (t) => {
  const folder = folderFor(t);
  const failed = { ...row('coroutines'), error_occurred: true, error_message: 'late' };
  const files = [
    folder.write('one.json', { context: {}, benchmarks: [row('sequential', 1)] }),
    folder.write('none.json', { context: {}, benchmarks: [failed] }),
    folder.write('zero.json', {
      context: {},
      benchmarks: [
        row('fibers', 9, 0, { real_time: 0, ideal_ratio: undefined, rss_peak_bytes: 0, rss_growth_bytes: -5 }),
      ],
    }),
  ];
  const url = await pageOf(folder, files);
  for (const [data, expected] of [
    ['one', /^One after the other: /],
    ['none', /^No answer: the one row failed \(late\)|^No answer: the one row failed/],
    ['zero', /^Fibers: /],
  ]) {
    const page = await open(browser, t, `${url}#data=${data}`);
    assert.match(await page.locator('.answer').innerText(), expected);
    assert.doesNotMatch(await page.locator('main').innerText(), /NaN|undefined|Infinity/);
  }
});

test('on paper there are no controls, and no dark', async (t) => {
  const page = await open(browser, t, await twoDatasets(t), { colorScheme: 'dark' });
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  assert.equal(await page.locator('.filters').isVisible(), false);
  assert.equal(
    await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--paper')),
    '#fffdf8',
  );
});
