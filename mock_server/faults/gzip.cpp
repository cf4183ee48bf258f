#include "mock_server/faults/gzip.hpp"

#define ZLIB_CONST  // its input is not to be changed
#include <zlib.h>

#include <array>
#include <stdexcept>

namespace farebench {
namespace {

// zlib's window bits: with 16 added, the gzip format; negative, nothing around the blocks.
constexpr int gzip_format = MAX_WBITS + 16;
constexpr int bare_format = -MAX_WBITS;

class deflation {
 public:
  explicit deflation(int format) {
    if (::deflateInit2(&stream_, Z_BEST_COMPRESSION, Z_DEFLATED, format, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      throw std::runtime_error("deflateInit2: no memory");
    }
  }
  ~deflation() { ::deflateEnd(&stream_); }
  deflation(const deflation&) = delete;
  deflation& operator=(const deflation&) = delete;

  // What comes out by then.
  std::string take(std::string_view bytes, int flush) {
    stream_.next_in = reinterpret_cast<const Bytef*>(bytes.data());
    stream_.avail_in = static_cast<uInt>(bytes.size());
    std::string out;
    std::array<char, 4096> buffer;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream_.avail_out = buffer.size();
      ::deflate(&stream_, flush);
      out.append(buffer.data(), buffer.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }

 private:
  z_stream stream_{};
};

std::string little_endian(std::uint32_t number) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}

// 2^doublings times `bytes`, by its check sum and its size: the sum of the whole.
uLong crc_of_doubled(const std::string& bytes, int doublings) {
  uLong crc = ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
  auto size = static_cast<z_off_t>(bytes.size());
  for (int i = 0; i < doublings; ++i) {
    crc = ::crc32_combine(crc, crc, size);
    size *= 2;
  }
  return crc;
}

}  // namespace

std::string gzip(std::string_view bytes) { return deflation{gzip_format}.take(bytes, Z_FINISH); }

// After a full flush the blocks that follow know nothing of those before, and begin at a byte: so the same
// zeros make the same block, and one can stand for all of them.
zero_bomb make_zero_bomb(int doublings) {
  const std::string zeros(1 << 20, '\0');
  zero_bomb bomb;
  bomb.start = std::string{"\x1f\x8b\x08\0\0\0\0\0\x02\xff", 10};
  bomb.block = deflation{bare_format}.take(zeros, Z_FULL_FLUSH);
  bomb.times = std::uint64_t{1} << doublings;
  bomb.end = std::string{"\x03\0", 2} +
             little_endian(static_cast<std::uint32_t>(crc_of_doubled(zeros, doublings))) +
             little_endian(static_cast<std::uint32_t>(zeros.size() << doublings));
  return bomb;
}

const zero_bomb& the_zero_bomb() {
  static const zero_bomb bomb = make_zero_bomb(12);
  return bomb;
}

const std::string& the_nested_zero_bomb() {
  static const std::string nested = [] {
    const zero_bomb& bomb = the_zero_bomb();
    deflation outer{gzip_format};
    std::string out = outer.take(bomb.start, Z_NO_FLUSH);
    for (std::uint64_t i = 0; i < bomb.times; ++i) out += outer.take(bomb.block, Z_NO_FLUSH);
    return out + outer.take(bomb.end, Z_FINISH);
  }();
  return nested;
}

}  // namespace farebench
