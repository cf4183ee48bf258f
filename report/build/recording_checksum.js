import { createHash } from 'node:crypto';

/** JSON without the space between its parts; its strings, and how its numbers are spelt, stay. */
const compact = (/** @type {string} */ text) => text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, string) => string ?? '');

/**
 * Whether a recording is as track wrote it: its checksum is that of its own text, made compact, without the checksum,
 * which is the context's last member (bench/track/files/recorded_run.cpp).
 * @param {string} text
 */
export function isUnchanged(text) {
  const found = /^(\{"context":\{.*),"sha256":"([0-9a-f]{64})"(\},"benchmarks":.*)$/s.exec(compact(text));
  return (
    found !== null &&
    createHash('sha256')
      .update(found[1] + found[3])
      .digest('hex') === found[2]
  );
}
