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

/** @type {Record<string, import('d3-shape').SymbolType>} */
const shapes = {
  circle: symbolCircle,
  cross: symbolCross,
  diamond: symbolDiamond,
  square: symbolSquare,
  star: symbolStar,
  triangle: symbolTriangle,
  wye: symbolWye,
  // As Observable Plot draws it.
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

/** The path of a symbol by Plot's name for it, about twelve pixels across. */
export const symbolPath = (/** @type {string} */ name) => String(shape(shapes[name] ?? symbolCircle, 80)());
