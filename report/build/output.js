import { chmodSync, chownSync, lstatSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

/**
 * Writes a file whole or not at all. Links are followed, and an existing file keeps its mode and, if permitted, its
 * owner. All that is not a regular file is written directly.
 * @param {string} path
 * @param {string} text
 */
export function writeOutput(path, text) {
  const existing = statSync(path, { throwIfNoEntry: false });
  const isDanglingLink = !existing && lstatSync(path, { throwIfNoEntry: false });
  if (isDanglingLink || (existing && !existing.isFile())) {
    writeFileSync(path, text);
    return;
  }
  const target = existing ? realpathSync(path) : path;
  const part = `${target}.${process.pid}.partial`;
  try {
    writeFileSync(part, text, { flag: 'wx', mode: existing?.mode ?? 0o666 });
    if (existing) keepOwner(part, existing);
    renameSync(part, target);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

function keepOwner(/** @type {string} */ part, /** @type {import('node:fs').Stats} */ { uid, gid, mode }) {
  try {
    chownSync(part, uid, gid);
  } catch {
    // Only root may give files away.
  }
  chmodSync(part, mode & 0o777);
}
