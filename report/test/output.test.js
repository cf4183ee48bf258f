import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';

import { writeOutput } from '../build/output.js';
import { temporaryFolder } from './made_up.js';

test('an existing file is replaced and keeps its mode', (t) => {
  const folder = temporaryFolder(t);
  const path = folder.write('page.html', 'a longer old text');
  chmodSync(path, 0o600);
  writeOutput(path, 'new');
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder.path('.')), ['page.html']);
});

test('links are followed, dangling ones too', (t) => {
  const folder = temporaryFolder(t);
  folder.write('target', 'old');
  for (const name of ['target', 'new']) {
    symlinkSync(name, folder.path(`${name}.link`));
    writeOutput(folder.path(`${name}.link`), 'text');
    assert.ok(lstatSync(folder.path(`${name}.link`)).isSymbolicLink());
    assert.equal(readFileSync(folder.path(name), 'utf8'), 'text');
  }
});

test('devices and FIFOs are written directly', async (t) => {
  const folder = temporaryFolder(t);
  writeOutput('/dev/null', 'text');
  assert.ok(statSync('/dev/null').isCharacterDevice());
  assert.throws(() => writeOutput('/dev/full', 'text'), /ENOSPC/);
  execFileSync('mkfifo', [folder.path('fifo')]);
  const reader = spawn('cat', [folder.path('fifo')]);
  // Waits for the reader to open it.
  writeOutput(folder.path('fifo'), 'text');
  const chunks = [];
  for await (const chunk of reader.stdout) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), 'text');
  assert.ok(lstatSync(folder.path('fifo')).isFIFO());
});

test('a failed write leaves no part', (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(folder.path('folder'));
  assert.throws(() => writeOutput(folder.path('folder'), 'text'), /EISDIR/);
  assert.throws(() => writeOutput(folder.path('no/such'), 'text'), /ENOENT/);
  assert.deepEqual(readdirSync(folder.path('.')), ['folder']);
});
