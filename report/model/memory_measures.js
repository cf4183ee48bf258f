/**
 * What "memory" may mean in the figures.
 * @type {Record<string, {column: string, words: string}>}
 */
export const memoryMeasures = {
  peak: { column: 'rss_peak_bytes', words: 'peak resident memory' },
  growth: { column: 'rss_growth_bytes', words: 'growth over the memory at rest' },
  heap: { column: 'heap_peak_bytes', words: 'most bytes allocated at once' },
};
