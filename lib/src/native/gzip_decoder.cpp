#include "native/gzip_decoder.hpp"

#include <cstddef>
#include <new>

namespace farebench {

gzip_decoder::gzip_decoder() {
  // Sixteen more select the gzip format.
  constexpr int window_bits = MAX_WBITS + 16;
  if (::inflateInit2(&stream_, window_bits) != Z_OK) throw std::bad_alloc{};
}

gzip_decoder::~gzip_decoder() { ::inflateEnd(&stream_); }

gzip_decoder::status gzip_decoder::feed(std::string_view chunk, const sink& on_decoded) {
  // zlib does not change its input, although its type permits it.
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(chunk.data()));
  stream_.avail_in = static_cast<uInt>(chunk.size());
  // A full buffer means that zlib may hold more output.
  bool is_full = false;
  while (stream_.avail_in > 0 || is_full) {
    if (finished_) {
      finished_ = false;
      ::inflateReset(&stream_);
    }
    stream_.next_out = reinterpret_cast<Bytef*>(decoded_.data());
    stream_.avail_out = static_cast<uInt>(decoded_.size());
    const int code = ::inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_MEM_ERROR) throw std::bad_alloc{};
    finished_ = code == Z_STREAM_END;
    is_full = stream_.avail_out == 0 && !finished_;
    const std::size_t size = decoded_.size() - stream_.avail_out;
    if (size > 0 && !on_decoded({decoded_.data(), size})) return status::stopped;
    // Last, so that the result does not depend on the chunks. Z_BUF_ERROR means that a full buffer was all.
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return status::invalid;
  }
  return status::ok;
}

}  // namespace farebench
