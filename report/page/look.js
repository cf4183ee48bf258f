import {
  symbol as shape,
  symbolCircle,
  symbolCross,
  symbolDiamond,
  symbolSquare,
  symbolStar,
  symbolTriangle,
  symbolWye,
} from 'd3-shape';

/**
 * Colours and symbols. A strategy's symbol shows its control flow and its colour the strategy; clients in other
 * languages than C++ are hollow.
 */

/** @typedef {Record<string, {light: string, dark: string}>} Colours */

/** @type {Colours} */
const pageColours = {
  page: { light: '#fffdf8', dark: '#15171b' },
  panel: { light: '#f6f3ec', dark: '#1d2026' },
  ink: { light: '#1f1d1a', dark: '#e9e6df' },
  quiet: { light: '#625d55', dark: '#a9a59c' },
  line: { light: '#d9d4c9', dark: '#3a3e46' },
  accent: { light: '#0b57b0', dark: '#7db4ff' },
  failed: { light: '#a8201a', dark: '#ff9b94' },
};

/**
 * C++ strategies on libcurl are cool, those on the native transport brighter, and Python clients warm; the floor has
 * the text's colour. Labels have these colours too, so each has a contrast of at least 4.5:1 with the page.
 * @type {Colours}
 */
const strategyColours = {
  sequential: { light: '#55636f', dark: '#a3b1be' },
  thread_pool: { light: '#6d45ad', dark: '#bda0f5' },
  fibers: { light: '#00735f', dark: '#43c9a9' },
  coroutines: { light: '#0b57b0', dark: '#7db4ff' },
  multi_socket: { light: '#0a7490', dark: '#5fcbe8' },
  multi_poll: { light: '#3d7424', dark: '#97d174' },
  sequential_native: { light: '#7a5561', dark: '#cfa9b4' },
  thread_pool_native: { light: '#9b2fae', dark: '#e39bf2' },
  fibers_native: { light: '#4d7300', dark: '#b5d84a' },
  coroutines_native: { light: '#c2185b', dark: '#ff8ab5' },
  callbacks_native: { light: '#5b4bd6', dark: '#b3aaff' },
  raw_epoll: { light: '#1f1d1a', dark: '#e9e6df' },
  python_sync: { light: '#7d6200', dark: '#dcbf4f' },
  python_threads: { light: '#b3261e', dark: '#ff8f86' },
  python_gevent: { light: '#a34b06', dark: '#ffb066' },
  python_asyncio: { light: '#9c2268', dark: '#f58fc6' },
};

/** Colours of languages. @type {Colours} */
const languageColours = {
  cpp: { light: '#0b57b0', dark: '#7db4ff' },
  go: { light: '#00735f', dark: '#43c9a9' },
  java: { light: '#6d45ad', dark: '#bda0f5' },
  node: { light: '#5b6800', dark: '#c0cf52' },
  python: { light: '#9a4d06', dark: '#ffb066' },
  rust: { light: '#9c2268', dark: '#f58fc6' },
};

/** @type {Record<string, string>} */
const languageNames = { 'C++': 'cpp', Go: 'go', Java: 'java', 'Node.js': 'node', Python: 'python', Rust: 'rust' };

/** Colours of strategies that are not known here. @type {Colours} */
const spareColours = {
  other_0: { light: '#5d5a7a', dark: '#b7b3dd' },
  other_1: { light: '#8a4a2b', dark: '#e0a283' },
  other_2: { light: '#4a6b1c', dark: '#b9cf7e' },
  other_3: { light: '#8b3f8f', dark: '#dba3de' },
};

export const palette = { ...pageColours, ...strategyColours, ...languageColours, ...spareColours };

/** A palette's colour as CSS. */
export const colour = (/** @type {string} */ name) => `var(--${name})`;

/** The palette as custom properties of one scheme. */
export function schemeCss(/** @type {'light' | 'dark'} */ scheme) {
  return Object.entries(palette)
    .map(([name, colours]) => `--${name}:${colours[scheme]};`)
    .join('');
}

/** Symbols of strategies whose family has several. @type {Record<string, string>} */
const symbolsByName = {
  sequential: 'square',
  'sequential/native': 'square',
  python_sync: 'square',
  python_sync_debian: 'square',
  multi_poll: 'wye',
};

/** @type {Record<string, string>} */
const symbolsByFamily = {
  blocking: 'triangle',
  fibers: 'diamond',
  coroutines: 'circle',
  callbacks: 'star',
  floor: 'cross',
};

const symbolOf = (/** @type {string} */ name, /** @type {string} */ family) =>
  (Object.hasOwn(symbolsByName, name) ? symbolsByName[name] : symbolsByFamily[family]) ?? 'hexagon';

/** @typedef {{symbol: string, stroke: string, fill: string}} Look  of a strategy's marks, the symbol by Plot's name */

/**
 * The look of a strategy. Unknown ones get their family's symbol and the colour of their language, or, in C++ and in
 * unknown languages, one of the spare colours.
 * @param {{name: string, family: string, language: string}} strategy
 * @param {number} position  among the strategies
 * @returns {Look}
 */
export function lookOf({ name, family, language }, position) {
  // Names of properties have no slash.
  const known = name.replace('/', '_');
  const isKnown = Object.hasOwn(strategyColours, known);
  const isHollow = language !== 'C++' && language !== '';
  const hasLanguage = isHollow && Object.hasOwn(languageNames, language);
  const spare = hasLanguage ? languageNames[language] : `other_${position % 4}`;
  const stroke = colour(isKnown ? known : spare);
  return { symbol: symbolOf(name, family), stroke, fill: isHollow ? colour('page') : stroke };
}

/**
 * The look of a strategy among those of other languages: its language's colour, filled if it is of this library.
 * @param {{name: string, family: string, language: string, kind: string}} strategy
 * @returns {Look}
 */
export function languageLook({ name, family, language, kind }) {
  const stroke = colour(Object.hasOwn(languageNames, language) ? languageNames[language] : 'quiet');
  return { symbol: symbolOf(name, family), stroke, fill: kind === 'program' ? colour('page') : stroke };
}

/** @type {Record<string, import('d3-shape').SymbolType>} */
const shapes = {
  circle: symbolCircle,
  cross: symbolCross,
  diamond: symbolDiamond,
  square: symbolSquare,
  star: symbolStar,
  triangle: symbolTriangle,
  wye: symbolWye,
  // Equal to Observable Plot's.
  hexagon: {
    draw(context, size) {
      const radius = Math.sqrt(size / 2.598);
      for (let corner = 0; corner < 6; ++corner) {
        const angle = (corner * Math.PI) / 3;
        const [x, y] = [radius * Math.sin(angle), radius * Math.cos(angle)];
        if (corner) context.lineTo(x, y);
        else context.moveTo(x, y);
      }
      context.closePath();
    },
  },
};

/** The SVG path of a symbol, about twelve pixels wide. */
export const symbolPath = (/** @type {string} */ name) => String(shape(shapes[name] ?? symbolCircle, 80)());

/** @typedef {import('./payload.js').Row} Row */

/** Plot's options of a mark per row: symbol, colour and the text of its tooltip. */
export const rowMark = (/** @type {(row: Row) => string} */ text) => ({
  symbol: (/** @type {Row} */ row) => row.look.symbol,
  fill: (/** @type {Row} */ row) => row.look.fill,
  stroke: (/** @type {Row} */ row) => row.look.stroke,
  strokeWidth: 1.5,
  ariaLabel: text,
  className: 'marks',
});
