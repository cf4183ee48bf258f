/**
 * Every colour, light and dark. Families keep to one side of the circle: the library's strategies are cool, Python's
 * warm, the floor has the ink's. All stand out from the paper by 4.5 : 1 at least, for they colour text too.
 * @type {Record<string, {light: string, dark: string}>}
 */
export const palette = {
  paper: { light: '#fffdf8', dark: '#15171b' },
  panel: { light: '#f6f3ec', dark: '#1d2026' },
  ink: { light: '#1f1d1a', dark: '#e9e6df' },
  quiet: { light: '#625d55', dark: '#a9a59c' },
  line: { light: '#d9d4c9', dark: '#3a3e46' },
  accent: { light: '#0b57b0', dark: '#7db4ff' },
  failed: { light: '#a8201a', dark: '#ff9b94' },
  sequential: { light: '#55636f', dark: '#a3b1be' },
  thread_pool: { light: '#6d45ad', dark: '#bda0f5' },
  fibers: { light: '#00735f', dark: '#43c9a9' },
  coroutines: { light: '#0b57b0', dark: '#7db4ff' },
  multi_socket: { light: '#0a7490', dark: '#5fcbe8' },
  multi_poll: { light: '#3d7424', dark: '#97d174' },
  raw_epoll: { light: '#1f1d1a', dark: '#e9e6df' },
  python_sync: { light: '#7d6200', dark: '#dcbf4f' },
  python_threads: { light: '#b3261e', dark: '#ff8f86' },
  python_gevent: { light: '#a34b06', dark: '#ffb066' },
  python_asyncio: { light: '#9c2268', dark: '#f58fc6' },
  other: { light: '#5d5a7a', dark: '#b7b3dd' },
};

/** A colour as the page's style sheet knows it. */
export const colour = (/** @type {string} */ name) => `var(--${name})`;

/** The palette as custom properties of one scheme. */
export function schemeCss(/** @type {'light' | 'dark'} */ scheme) {
  return Object.entries(palette)
    .map(([name, colours]) => `--${name}:${colours[scheme]};`)
    .join('');
}
