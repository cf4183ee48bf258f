import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file whole or not at all: beside its place first, then into it.
 * @param {string} file
 * @param {string} text
 */
export function writeFileWhole(file, text) {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true });
  const unfinished = join(folder, `.${basename(file)}.${process.pid}`);
  try {
    writeFileSync(unfinished, text);
    renameSync(unfinished, file);
  } catch (fault) {
    rmSync(unfinished, { force: true });
    throw fault;
  }
}
