import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { parseHTML } from 'linkedom';

import { allCases, clientNames, clientsDataset, madeUpDataset, madeUpPayload, temporaryFolder } from './made_up.js';

const run = (/** @type {string} */ program, /** @type {string[]} */ words, options = {}) =>
  spawnSync(process.execPath, [fileURLToPath(new URL(`../build/${program}`, import.meta.url)), ...words], {
    encoding: 'utf8',
    ...options,
  });

test('the bundle has equal bytes from any folder', (t) => {
  const folder = temporaryFolder(t);
  const files = ['/', folder.path('.')].map((cwd, index) => {
    const out = folder.path(`new/${index}.html`);
    const { status, stdout, stderr } = run('main.js', [`--out=${out}`], { cwd });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
    return readFileSync(out, 'utf8');
  });
  assert.equal(files[0], files[1]);
  assert.ok(!files[0].includes(fileURLToPath(new URL('..', import.meta.url))), 'no path of this machine');
});

test('the bundle refers to no other file', (t) => {
  const out = temporaryFolder(t).path('page.html');
  run('main.js', ['--out', out]);
  const text = readFileSync(out, 'utf8');
  const { document } = parseHTML(text);
  assert.equal(document.querySelectorAll('[src], link, iframe, img, object, embed').length, 0);
  assert.doesNotMatch(text, /@import|url\((?!#|"#)|sourceMappingURL/);
});

test('the policy allows the script and nothing else', (t) => {
  const out = temporaryFolder(t).path('page.html');
  run('main.js', ['--out', out]);
  const { document } = parseHTML(readFileSync(out, 'utf8'));
  const policy = document.querySelector('meta[http-equiv]')?.getAttribute('content') ?? '';
  const script = document.querySelector('script:not([type])')?.textContent ?? '';
  const hash = createHash('sha256').update(script).digest('base64');
  assert.ok(policy.startsWith(`default-src 'none'; script-src 'sha256-${hash}'`), policy);
});

test('the marker occurs once, as the data', (t) => {
  const out = temporaryFolder(t).path('page.html');
  run('main.js', ['--out', out]);
  const text = readFileSync(out, 'utf8');
  assert.equal(text.split('farebench-data').length, 2);
  assert.ok(text.includes('<script type="application/json" id="data">"farebench-data"</script>'));
});

test('invalid usage is code 2, an unwritable file code 1', (t) => {
  const folder = temporaryFolder(t);
  for (const [words, expected] of /** @type {[string[], string][]} */ ([
    [['--colour'], "Unknown option '--colour'"],
    [[], '--out needs a file'],
    [['file'], 'Unexpected argument'],
  ])) {
    const { status, stderr } = run('main.js', words);
    assert.equal(status, 2, stderr);
    assert.ok(stderr.startsWith('report: ') && stderr.includes(expected) && stderr.split('\n').length === 2, stderr);
  }
  mkdirSync(folder.path('folder'));
  assert.equal(run('main.js', ['--out', folder.path('folder')]).status, 1);
  assert.match(run('main.js', ['--help']).stdout, /--out FILE/);
  assert.equal(run('pictures.js', []).status, 2);
});

const names = ['time-memory', 'memory-over-time'].flatMap((name) => [`${name}-dark.svg`, `${name}-light.svg`]);

test('pictures are XML with literal colours', (t) => {
  const folder = temporaryFolder(t);
  const payload = madeUpPayload({
    datasets: [madeUpDataset('article', allCases([...allNames(), '<&"\u2028']))],
    names: [...allNames(), '<&"\u2028'],
  });
  const { status, stdout, stderr } = run('pictures.js', [
    folder.write('p.json', JSON.stringify(payload)),
    folder.path('p'),
  ]);
  assert.equal(status, 0, stderr);
  assert.deepEqual(readdirSync(folder.path('p')), [...names].sort());
  assert.equal(stdout.trim().split('\n').length, 4);
  for (const name of names) {
    const text = readFileSync(folder.path(`p/${name}`), 'utf8');
    assert.match(text, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    assert.doesNotMatch(text, /var\(|currentColor|NaN|undefined|class=|<script/, name);
    assert.doesNotMatch(text, /[<&](?![a-z/]|amp;|lt;|gt;|quot;)/, name);
    assert.match(text, /<title>(Time against memory|Memory over time)/);
  }
  const [light, dark] = ['light', 'dark'].map((scheme) =>
    readFileSync(folder.path(`p/time-memory-${scheme}.svg`), 'utf8'),
  );
  assert.notEqual(light, dark);
  assert.equal(light.replace(/#[0-9a-f]{6}/g, '#'), dark.replace(/#[0-9a-f]{6}/g, '#'));
});

const allNames = () => ['sequential', 'thread_pool', 'coroutines', 'raw_epoll', 'python_threads'];

test('a later dataset with clients gets their picture', (t) => {
  const folder = temporaryFolder(t);
  const payload = madeUpPayload({
    datasets: [madeUpDataset('article', allCases(['fibers']), { timeline: null }), clientsDataset()],
    names: clientNames,
  });
  run('pictures.js', [folder.write('p.json', JSON.stringify(payload)), folder.path('p')]);
  const files = ['clients', 'time-memory'].flatMap((name) => [`${name}-dark.svg`, `${name}-light.svg`]);
  assert.deepEqual(readdirSync(folder.path('p')), files);
  const text = readFileSync(folder.path('p/clients-dark.svg'), 'utf8');
  assert.match(text, /<title>CPU time per request against peak memory of clients\. .*task:get.*, 100 workers<\/title>/);
  assert.doesNotMatch(text, /var\(|currentColor|NaN|undefined/);
  for (const word of ['Node.js', 'Rust', 'rust_hyper', 'coroutines']) assert.ok(text.includes(`>${word}<`), word);
  assert.ok(!/java/i.test(text), 'a failed client');
});

test('without curves there is no picture of them', (t) => {
  const folder = temporaryFolder(t);
  const payload = madeUpPayload({ datasets: [madeUpDataset('light', allCases(['fibers']), { timeline: null })] });
  run('pictures.js', [folder.write('p.json', JSON.stringify(payload)), folder.path('p')]);
  assert.deepEqual(readdirSync(folder.path('p')), ['time-memory-dark.svg', 'time-memory-light.svg']);
});

test('the lockfile names no registry', () => {
  const lock = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
  assert.doesNotMatch(lock, /"resolved"/);
});
