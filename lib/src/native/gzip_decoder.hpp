#pragma once

#include <zlib.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

namespace farebench {

/// Decodes a body with the Content-Encoding gzip as it arrives. A body may consist of several members
/// (RFC 1952, 2.2), of which libcurl accepts only one. Other bytes behind a member are an error, as in
/// libcurl.
///
/// Occupies 16 KiB and up to 40 KiB of zlib, so it should exist only while such a body arrives, and on no
/// fiber's stack. Not thread-safe.
class gzip_decoder {
 public:
  /// Receives a part of the decoded body, valid during the call. Returns false to stop the decoding.
  using sink = std::function<bool(std::string_view)>;

  enum class status : std::uint8_t {
    /// The whole chunk has been decoded.
    ok,
    /// The sink has stopped the decoding.
    stopped,
    /// The body is not in the gzip format, or a checksum or length is wrong.
    invalid,
  };

  /// Throws std::bad_alloc.
  gzip_decoder();
  ~gzip_decoder();
  gzip_decoder(const gzip_decoder&) = delete;
  gzip_decoder& operator=(const gzip_decoder&) = delete;

  /// Decodes the next chunk of the body, which must be shorter than 4 GiB. Every call of `on_decoded` has at
  /// least one byte and at most 16 KiB. After a result other than `ok`, or an exception, the decoder must not
  /// be fed again. Throws std::bad_alloc and the exceptions of `on_decoded`.
  status feed(std::string_view chunk, const sink& on_decoded);

  /// Returns true if the body may end here: after a member, or before the first byte, because libcurl accepts
  /// an empty body.
  bool finished() const { return finished_; }

 private:
  z_stream stream_{};
  bool finished_ = true;
  std::array<char, 16'384> decoded_;
};

}  // namespace farebench
