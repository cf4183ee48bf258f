#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/response_reader.hpp"
#include "native/gzip_decoder.hpp"

namespace farebench {

/// Splits the bytes of HTTP/1.1 responses into lines, chunks and bodies (RFC 9112) for a response_reader.
/// Accepts what libcurl accepts: lines may end with LF alone, and chunk extensions are ignored. Keeps
/// received bytes only if a line is incomplete, up to fetch_limits::max_header_bytes. Not thread-safe.
class response_parser {
 public:
  using clock = std::chrono::steady_clock;

  /// State of a response.
  enum class progress : std::uint8_t {
    /// More bytes must arrive.
    incomplete,
    complete,
    /// The exchange must end, or the request be sent again: see `reason`.
    aborted,
    /// The chunks or the coding of the body are invalid, for which there is no reason.
    invalid_chunk,
    invalid_coding,
  };

  response_reader& reader() { return reader_; }

  /// Expects the first or next response of an exchange, whose reader has begun a response. `now` is the time
  /// at which its first bytes have arrived.
  void begin(clock::time_point now) noexcept;
  /// Parses received bytes up to the end of the response. Removes those from `bytes` that have been parsed:
  /// bytes that remain after a complete response belong to no request. Exceptions of on_body are caught; see
  /// `take_exception`. Throws nothing.
  progress feed(std::string_view& bytes, clock::time_point now) noexcept;
  /// Handles the end of the connection. Returns `incomplete` if the response is cut off.
  progress end_of_stream() noexcept;

  /// Reason of the last `aborted`.
  abort_reason reason() const { return reason_; }
  /// Returns the exception of on_body, or of memory that was missing, with which the response was aborted.
  std::exception_ptr take_exception() noexcept { return std::exchange(exception_, nullptr); }

 private:
  enum class part : std::uint8_t {
    header,
    /// Body of known length, or of one that only the end of the connection reveals.
    counted_body,
    endless_body,
    chunk_size,
    chunk_data,
    /// Line end after the data of a chunk.
    chunk_end,
    trailers,
    done,
  };

  progress parse(std::string_view& bytes, clock::time_point now);
  bool extract_line(std::string_view& bytes, std::string_view& line);
  progress accept_line(std::string_view line);
  progress accept_header_line(std::string_view line);
  part part_after_header() const;
  progress end_body();
  bool accept_chunk_size(std::string_view line);
  progress accept_data(std::string_view data, clock::time_point now);
  gzip_decoder::status decode(std::string_view data, std::size_t codings, clock::time_point now);
  progress abort(abort_reason reason) {
    reason_ = reason;
    return progress::aborted;
  }

  response_reader reader_{offered_codings::gzip};
  // Begin of a line whose end has not arrived.
  std::string partial_line_;
  // Bytes of the body or of the chunk that have not arrived.
  std::uint64_t bytes_left_ = 0;
  clock::time_point begin_{};
  // One for each gzip coding of the body, in the order in which these were applied.
  std::vector<std::unique_ptr<gzip_decoder>> decoders_;
  std::exception_ptr exception_;
  part part_ = part::header;
  abort_reason reason_ = abort_reason::none;
};

}  // namespace farebench
