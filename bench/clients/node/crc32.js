import zlib from "node:zlib";

function makeTable() {
  return Uint32Array.from({ length: 256 }, (_, index) => {
    let crc = index;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    return crc;
  });
}

function makeCrc32() {
  const table = makeTable();
  return (bytes, before = 0) => {
    let crc = ~before;
    for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff];
    return ~crc >>> 0;
  };
}

// crc32(bytes, crc of the bytes before them = 0). Node.js has it since 20.15 and 22.2.
export const crc32 = zlib.crc32 ?? makeCrc32();
