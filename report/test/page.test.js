import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { expectAccessible, figureOf, open, openPayload, pageUrl, pageWidth, sectionOf } from './browser.js';
import {
  allCases,
  columns,
  context,
  madeUpCase,
  madeUpDataset,
  madeUpGroup,
  madeUpPayload,
  strategy,
} from './made_up.js';

const burst = 'latency_ms:50/page_kb:3';
const hold = 'latency_ms:1000/page_kb:3';
const failure = { count: 5, reason: '3335 of 10000 days failed: out_of_resources' };

/** A dataset with all strategies and curves, and one with two points, a failed case and no curves. */
function twoDatasets() {
  const scale = ['thread_pool', 'coroutines', 'raw_epoll'].flatMap((name) => [
    madeUpCase(name, 20, { point: burst }),
    madeUpCase(name, 100, {
      point: hold,
      ...(name === 'thread_pool' ? { failed: failure, figures: {} } : {}),
    }),
  ]);
  return madeUpPayload({
    datasets: [madeUpDataset('article', allCases()), madeUpDataset('scale', scale, { timeline: null })],
  });
}

test('each row has its mark, bar, panel and table line', async (t) => {
  const page = await openPayload(t, twoDatasets());
  assert.equal(await figureOf(page, 'time against memory').locator('.marks > path').count(), 20);
  assert.equal(await figureOf(page, 'CPU time as a share').locator('.marks > rect').count(), 20);
  assert.equal(await page.locator('.panels li').count(), 20);
  assert.equal(await page.locator('.panels .peak').count(), 20);
  assert.equal(await page.locator('table.rows tbody tr').count(), 20);
  const scaling = figureOf(page, 'memory growth');
  assert.equal(await scaling.locator('.marks > path').count(), 18, 'strategies with two worker counts');
  assert.equal(await scaling.locator('.fitted path').count(), 9);
  assert.equal(await figureOf(page, 'time against memory').locator('.frontier path').count(), 1);
});

test('colours and shapes distinguish strategies', async (t) => {
  const page = await openPayload(t, twoDatasets());
  const looks = await figureOf(page, 'time against memory')
    .locator('.marks > path')
    .evaluateAll((marks) =>
      marks.map((mark) => ({
        label: mark.getAttribute('aria-label')?.split(',')[0],
        path: mark.getAttribute('d'),
        stroke: getComputedStyle(mark).stroke,
        fill: getComputedStyle(mark).fill,
      })),
    );
  const find = (label) => looks.find((look) => look.label === label);
  assert.equal(new Set(looks.map((look) => look.stroke)).size, 11);
  assert.equal(find('coroutines').path, find('python_asyncio').path);
  assert.equal(find('thread_pool').path, find('python_threads').path);
  assert.equal(find('coroutines').fill, find('coroutines').stroke);
  assert.notEqual(find('python_asyncio').fill, find('python_asyncio').stroke);
});

test('limits of the CPU time are named with the machine', async (t) => {
  const limited = { ...context, usable_cpus: '1', cpu_quota: '0.5' };
  const payload = madeUpPayload({ datasets: [madeUpDataset('article', [madeUpCase('page')], { context: limited })] });
  const page = await openPayload(t, payload);
  assert.match(
    await page.locator('.setting').innerText(),
    /2 cores \(An invented processor\), 1 usable, CPU quota 0\.5/,
  );
});

test('the recommendation has a headline and a table of ratios', async (t) => {
  const page = await openPayload(t, twoDatasets(), `#data=scale&point=${encodeURIComponent(hold)}`);
  assert.equal(await page.locator('.headline').innerText(), `Headline of ${hold}`);
  const rows = page.locator('#comparison tbody tr');
  assert.match(await rows.nth(0).innerText(), /thread_pool 100\s+–\s+–\s+failed/);
  assert.match(await rows.nth(1).innerText(), /coroutines 100\s+1\.3×\s+0\.88×\s+as fast/);
  assert.match(await page.locator('.setting').innerText(), /scale: 100 days, .* 2 cores \(An invented processor\)/);
  assert.match(
    await page.locator('#strategies').innerText(),
    /coroutines\s+flow of coroutines\s+changes for coroutines/,
  );
});

for (const width of [1280, 700]) {
  test(`labels do not overlap at ${width} px`, async (t) => {
    const page = await openPayload(t, twoDatasets(), '', { viewport: { width, height: 900 } });
    const texts = await figureOf(page, 'time against memory')
      .locator('.labels text')
      .evaluateAll((all) =>
        all.map((text) => {
          const { left, right, top, bottom } = text.getBoundingClientRect();
          return { text: text.textContent, left, right, top: top + 2, bottom: bottom - 2 };
        }),
      );
    assert.equal(texts.length, 20);
    for (const [index, a] of texts.entries()) {
      for (const b of texts.slice(index + 1)) {
        const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
        assert.ok(apart, `${a.text} overlaps ${b.text}`);
      }
    }
  });
}

test('a filter hides rows everywhere and its link restores it', async (t) => {
  const page = await openPayload(t, twoDatasets());
  await page.getByRole('checkbox', { name: 'python_threads' }).uncheck();
  await page.getByRole('checkbox', { name: '20', exact: true }).uncheck();
  const check = async () => {
    assert.equal(await figureOf(page, 'time against memory').locator('.marks > path').count(), 10);
    assert.equal(await page.locator('table.rows tbody tr').count(), 10);
    assert.equal(await page.locator('.panels li').count(), 10);
    assert.equal(await sectionOf(page, 'time-memory').getByRole('status').innerText(), '10 of 20 rows shown');
  };
  await check();
  assert.match(page.url(), /#.*without=python_threads/);
  await page.reload();
  await check();
  await page.getByRole('button', { name: 'show all' }).click();
  assert.equal(await page.locator('table.rows tbody tr').count(), 20);
  assert.doesNotMatch(page.url(), /#/);
});

test('all rows hidden is a page without figures', async (t) => {
  const page = await openPayload(t, twoDatasets(), '#without-workers=1&without-workers=20&without-workers=100');
  assert.match(await page.locator('main').innerText(), /No visible row has both a time and this memory figure/);
  assert.match(await page.locator('main').innerText(), /No visible row has CPU figures/);
});

test('the focus stays on the used control', async (t) => {
  const page = await openPayload(t, twoDatasets());
  await page.getByRole('checkbox', { name: 'fibers' }).focus();
  await page.keyboard.press('Space');
  assert.equal(await page.getByRole('checkbox', { name: 'fibers' }).isChecked(), false);
  assert.equal(await page.evaluate(() => document.activeElement?.parentElement?.textContent), 'fibers');
});

test('links restore the dataset, point and order', async (t) => {
  const url = await pageUrl(t, twoDatasets());
  const page = await open(t, url);
  await page.getByText('scale', { exact: true }).click();
  assert.equal(await page.title(), 'farebench: scale');
  await page.getByText(`title of ${hold}`, { exact: true }).click();
  assert.equal(await page.locator('.headline').innerText(), `Headline of ${hold}`);
  const other = await open(t, page.url());
  assert.equal(await other.locator('.headline').innerText(), `Headline of ${hold}`);
  await other.evaluate(() => {
    location.hash = '#data=article&sort=-real_time';
  });
  const heading = other.getByRole('columnheader', { name: 'time, s' });
  await heading.and(other.locator('[aria-sort="descending"]')).waitFor();
  assert.equal(await other.title(), 'farebench: article');
});

test('a failed row is shown with its reason', async (t) => {
  const page = await openPayload(t, twoDatasets(), `#data=scale&point=${encodeURIComponent(hold)}`);
  const text = 'FAILED (5 of 5): 3335 of 10000 days failed: out_of_resources';
  assert.ok((await page.locator('tr.failed').innerText()).includes(text));
  assert.match(await page.locator('.omitted').innerText(), /thread_pool 100 failed \(5 of 5\)/);
  assert.match(await sectionOf(page, 'memory-over-time').innerText(), /no curves.*scale\.timeline\.json/s);
});

test('a heading sorts and reverses', async (t) => {
  const page = await openPayload(t, twoDatasets());
  const heading = sectionOf(page, 'table').getByRole('columnheader', { name: 'peak, MiB' });
  const first = () => page.locator('table.rows tbody tr').first().locator('th').innerText();
  await heading.getByRole('button').click();
  assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
  assert.match(await first(), /raw_epoll/);
  await heading.getByRole('button').press('Enter');
  assert.equal(await heading.getAttribute('aria-sort'), 'descending');
  assert.match(await first(), /python_threads/);
});

test('ranges appear below the medians', async (t) => {
  const page = await openPayload(t, twoDatasets());
  const cell = page.locator('table.rows tbody tr').first().locator('td').nth(1);
  assert.equal(await cell.innerText(), '29.1');
  await page.getByRole('checkbox', { name: 'minimum and maximum' }).check();
  assert.match(await cell.innerText(), /^29.1\s+28.8 to 29.4$/);
  assert.match(page.url(), /ranges=shown/);
});

test('visible rows download as CSV', async (t) => {
  const page = await openPayload(t, twoDatasets(), '#without=python_sync');
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

test('arrow keys move between marks and show tooltips', async (t) => {
  const page = await openPayload(t, twoDatasets());
  const figure = figureOf(page, 'time against memory');
  const marks = figure.locator('.marks > path');
  assert.equal(await figure.locator('[tabindex="0"]').count(), 1, 'one tab stop');
  await marks.first().focus();
  const tooltip = page.locator('#tooltip');
  assert.equal(await tooltip.innerText(), await marks.first().getAttribute('aria-label'));
  await page.keyboard.press('ArrowRight');
  assert.equal(await tooltip.innerText(), await marks.nth(1).getAttribute('aria-label'));
  assert.match(
    await tooltip.innerText(),
    /^thread_pool, 20 workers: 1\.\d+ s \(.* to .*\), .*× ideal; peak resident memory 13\.\d MiB/,
  );
  await page.keyboard.press('Escape');
  assert.equal(await tooltip.isVisible(), false);
  await marks.nth(4).hover({ force: true });
  assert.equal(await tooltip.isVisible(), true);
});

test('memory measure and axes change the figures', async (t) => {
  const page = await openPayload(t, twoDatasets());
  await page.getByText('growth over the memory at rest', { exact: true }).click();
  const mark = figureOf(page, 'time against memory').locator('.marks > path').first();
  assert.match((await mark.getAttribute('aria-label')) ?? '', /growth over the memory at rest/);
  const path = () => page.locator('.panels .curve path').first().getAttribute('d');
  const logarithmic = await path();
  await page.getByText('linear', { exact: true }).click();
  assert.notEqual(await path(), logarithmic);
  assert.match(page.url(), /axes=linear/);
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const [width, hash] of /** @type {const} */ ([
    [1280, ''],
    [360, ''],
    [1280, '#data=scale'],
  ])) {
    test(`axe finds no violation: ${colorScheme}, ${width} px ${hash}`, async (t) => {
      const page = await openPayload(t, twoDatasets(), hash, { colorScheme, viewport: { width, height: 800 } });
      await expectAccessible(page);
    });
  }
}

test('light and dark schemes differ', async (t) => {
  const url = await pageUrl(t, twoDatasets());
  const backgrounds = await Promise.all(
    /** @type {const} */ (['light', 'dark']).map(async (colorScheme) => {
      const page = await open(t, url, { colorScheme });
      return page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    }),
  );
  assert.notEqual(backgrounds[0], backgrounds[1]);
});

test('on a phone only wide tables scroll sideways', async (t) => {
  const page = await openPayload(t, twoDatasets(), '', { viewport: { width: 360, height: 740 } });
  assert.equal(await pageWidth(page), 360);
  const region = page.getByRole('region', { name: 'all columns of the rows' });
  assert.ok(await region.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth));
  await region.focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => Number(document.querySelector('#rows')?.scrollLeft) > 0);
});

test('figures follow the width of the window', async (t) => {
  const page = await openPayload(t, twoDatasets());
  await page.setViewportSize({ width: 500, height: 800 });
  await page.waitForFunction(() => Number(document.querySelector('figure svg')?.clientWidth) < 500);
  assert.equal(await pageWidth(page), 500);
});

test('hostile text stays text', async (t) => {
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
  const cases = names.flatMap((name, at) =>
    [20, 100].map((workers) =>
      madeUpCase(name, workers, {
        notes: [`<i>${name}; late`],
        ...(at === 2 ? { failed: { count: 1, reason: `<img src=x onerror=alert(6)> ${name}` }, figures: {} } : {}),
      }),
    ),
  );
  const dataset = madeUpDataset('<script>', cases, {
    context: {
      ...context,
      '<b>key': '</script><script>alert(4)</script>\u2028',
      cpu_model: '<img src=x onerror=alert(5)>',
    },
  });
  const payload = madeUpPayload({ datasets: [dataset], names, broken: [{ file: '<b>', reason: '<img src=x>' }] });
  const page = await openPayload(t, payload, '', { viewport: { width: 360, height: 740 } });
  assert.equal(await page.locator('main img, main script, main b, main i').count(), 0);
  const text = await page.locator('main').innerText();
  for (const name of names.filter((name) => !/[\u2028\u2029]/.test(name))) assert.ok(text.includes(name), name);
  assert.equal(await page.locator('table.rows tbody tr').count(), 18);
  assert.equal(await pageWidth(page), 360);
  await page.getByRole('checkbox', { name: names[0] }).uncheck();
  await page.reload();
  assert.equal(await page.locator('table.rows tbody tr').count(), 16);
});

test('unknown clients have symbols and colours of their own', async (t) => {
  const clients = ['tokio', 'goroutines'].map((name) => ({ ...strategy(name), language: name, family: 'coroutines' }));
  const cases = [...clients.map(({ name }) => madeUpCase(name)), madeUpCase('page')];
  const payload = madeUpPayload({ datasets: [madeUpDataset('article', cases)] });
  const page = await openPayload(t, { ...payload, strategies: clients });
  const looks = await figureOf(page, 'time against memory')
    .locator('.marks > path')
    .evaluateAll((marks) => marks.map((mark) => [getComputedStyle(mark).stroke, getComputedStyle(mark).fill]));
  assert.notEqual(looks[0][0], looks[1][0]);
  for (const [stroke, fill] of looks.slice(0, 2)) assert.notEqual(stroke, fill, 'hollow');
});

test('one row, no passed row and zero figures are pages too', async (t) => {
  const zero = madeUpCase('fibers', 9);
  for (const [name, spread] of Object.entries(zero.figures)) {
    Object.assign(zero.figures, { [name]: name === 'rss_growth_bytes' ? [-5, -5, -5] : spread.map(() => 0) });
  }
  const failed = madeUpCase('coroutines', 100, { failed: { count: 1, reason: 'late' }, figures: {} });
  const datasets = [
    madeUpDataset('one', [madeUpCase('sequential', 1)]),
    madeUpDataset('none', [failed]),
    madeUpDataset('zero', [zero], { timeline: null, answers: [] }),
  ];
  const url = await pageUrl(t, madeUpPayload({ datasets }));
  for (const { id } of datasets) {
    const page = await open(t, `${url}#data=${id}`);
    assert.equal(await page.locator('table.rows tbody tr').count(), 1);
    assert.doesNotMatch(await page.locator('main').innerText(), /NaN|undefined|Infinity/);
  }
});

test('print hides the controls and is never dark', async (t) => {
  const page = await openPayload(t, twoDatasets(), '', { colorScheme: 'dark' });
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  assert.equal(await page.locator('.filters:visible').count(), 0);
  const background = await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--page'));
  assert.equal(background, '#fffdf8');
});

test('print keeps the names of rows', async (t) => {
  const page = await openPayload(t, madeUpPayload({ groups: [madeUpGroup()] }));
  await page.emulateMedia({ media: 'print' });
  for (const region of ['#changes tbody', '.history-panels li:nth-child(5)', '.rows thead']) {
    assert.equal(await page.locator(`${region} button`).first().isVisible(), true, region);
  }
});

test('without data the page says how to fill it', async (t) => {
  const page = await openPayload(t, 'farebench-data');
  assert.match(await page.locator('main').innerText(), /no data.*track report/);
});

test('headings name the unit and explain the column', async (t) => {
  const page = await openPayload(t, twoDatasets());
  for (const { name, better } of columns) {
    const title = (await page.locator(`#sort-${name}`).getAttribute('title')) ?? '';
    assert.ok(title.startsWith(`meaning of ${name}`) && title.endsWith('is better') === (better !== 'none'), title);
  }
});
