#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace farebench::test {

/// Compresses in a format of zlib, which is gzip by default. Throws std::runtime_error.
inline std::string compressed(std::string_view text, int window_bits = MAX_WBITS + 16) {
  z_stream stream{};
  if (::deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error{"deflateInit2"};
  std::string body(::deflateBound(&stream, text.size()), '\0');
  // zlib does not change its input, although its type permits it.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(body.data());
  stream.avail_out = static_cast<uInt>(body.size());
  const int code = ::deflate(&stream, Z_FINISH);
  body.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (code != Z_STREAM_END) throw std::runtime_error{"deflate"};
  return body;
}

}  // namespace farebench::test
