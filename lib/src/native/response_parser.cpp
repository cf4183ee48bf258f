#include "native/response_parser.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace farebench {
namespace {

bool may_begin_status_line(std::string_view text) {
  constexpr std::string_view version = "HTTP/1.";
  return text.starts_with(version) || version.starts_with(text);
}

}  // namespace

void response_parser::begin(clock::time_point now) noexcept {
  begin_ = now;
  part_ = part::header;
  partial_line_.clear();
  decoders_.clear();
}

response_parser::progress response_parser::feed(std::string_view& bytes, clock::time_point now) noexcept {
  try {
    return parse(bytes, now);
  } catch (...) {
    exception_ = std::current_exception();
    return abort(abort_reason::exception);
  }
}

response_parser::progress response_parser::parse(std::string_view& bytes, clock::time_point now) {
  auto result = progress::incomplete;
  while (result == progress::incomplete && part_ != part::done && !bytes.empty()) {
    if (part_ == part::endless_body) {
      result = accept_data(std::exchange(bytes, {}), now);
    } else if (part_ == part::counted_body || part_ == part::chunk_data) {
      const auto data =
          bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes_left_, bytes.size())));
      bytes.remove_prefix(data.size());
      bytes_left_ -= data.size();
      result = accept_data(data, now);
      if (bytes_left_ == 0) part_ = part_ == part::chunk_data ? part::chunk_end : part::done;
    } else {
      std::string_view line;
      const bool is_complete = extract_line(bytes, line);
      if (reader_.status() == 0 && !may_begin_status_line(line)) return abort(abort_reason::status_line);
      if (line.size() > reader_.limits().max_header_bytes) return abort(abort_reason::headers_too_large);
      if (!is_complete) break;
      result = accept_line(line);
      // Unlike clear(), frees the memory of a long line.
      if (!partial_line_.empty()) std::string{}.swap(partial_line_);
    }
  }
  return result == progress::incomplete && part_ == part::done ? end_body() : result;
}

response_parser::progress response_parser::end_body() {
  const bool is_complete =
      std::ranges::all_of(decoders_, [](const auto& decoder) { return decoder->finished(); });
  decoders_.clear();
  return is_complete ? progress::complete : progress::invalid_coding;
}

/// Removes a line, with its end, from `bytes`. Returns false if its end is missing: what there is of it,
/// which `line` then shows, is a part of partial_line_, where the next bytes continue it.
bool response_parser::extract_line(std::string_view& bytes, std::string_view& line) {
  const auto end = bytes.find('\n');
  line = bytes.substr(0, end == bytes.npos ? end : end + 1);
  bytes.remove_prefix(line.size());
  if (end != bytes.npos && partial_line_.empty()) return true;
  line = partial_line_.append(line);
  return end != bytes.npos;
}

response_parser::progress response_parser::accept_line(std::string_view line) {
  switch (part_) {
    case part::chunk_size:
      return accept_chunk_size(line) ? progress::incomplete : progress::invalid_chunk;
    case part::chunk_end:
      part_ = part::chunk_size;
      return line == "\n" || line == "\r\n" ? progress::incomplete : progress::invalid_chunk;
    default:
      return accept_header_line(line);
  }
}

response_parser::progress response_parser::accept_header_line(std::string_view line) {
  if (const auto reason = reader_.accept_header(line); reason != abort_reason::none) return abort(reason);
  if (part_ == part::trailers) {
    if (line == "\n" || line == "\r\n") part_ = part::done;
  } else if (reader_.is_header_complete()) {
    part_ = part_after_header();
    for (std::size_t i = 0; part_ != part::done && i < reader_.gzip_codings(); ++i)
      decoders_.push_back(std::make_unique<gzip_decoder>());
    bytes_left_ = part_ == part::counted_body ? static_cast<std::uint64_t>(reader_.content_length()) : 0;
  }
  return progress::incomplete;
}

response_parser::part response_parser::part_after_header() const {
  if (!reader_.has_body() || reader_.content_length() == 0) return part::done;
  if (reader_.is_chunked()) return part::chunk_size;
  return reader_.content_length() > 0 ? part::counted_body : part::endless_body;
}

/// Parses "1f;extension" (RFC 9112, 7.1).
bool response_parser::accept_chunk_size(std::string_view line) {
  constexpr int hexadecimal = 16;
  std::int64_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, hexadecimal);
  if (error != std::errc{} || size < 0 || line.front() == '-') return false;
  const auto rest = line.substr(static_cast<std::size_t>(end - line.data()));
  if (rest.find_first_of(" \t;\r\n") != 0) return false;
  bytes_left_ = static_cast<std::uint64_t>(size);
  part_ = size == 0 ? part::trailers : part::chunk_data;
  return true;
}

response_parser::progress response_parser::accept_data(std::string_view data, clock::time_point now) {
  switch (decode(data, decoders_.size(), now)) {
    case gzip_decoder::status::ok:
      return progress::incomplete;
    case gzip_decoder::status::stopped:
      return progress::aborted;
    case gzip_decoder::status::invalid:
      return progress::invalid_coding;
  }
  return progress::incomplete;
}

/// Passes data that still has `codings` to the reader.
gzip_decoder::status response_parser::decode(std::string_view data, std::size_t codings,
                                             clock::time_point now) {
  using enum gzip_decoder::status;
  if (codings == 0) {
    reason_ = reader_.accept_body(
        data, [&] { return std::chrono::duration_cast<std::chrono::microseconds>(now - begin_); });
    return reason_ == abort_reason::none ? ok : stopped;
  }
  auto inner = ok;
  const auto outer = decoders_[codings - 1]->feed(data, [&](std::string_view decoded) {
    inner = decode(decoded, codings - 1, now);
    return inner == ok;
  });
  return outer == stopped ? inner : outer;
}

response_parser::progress response_parser::end_of_stream() noexcept {
  if (part_ != part::endless_body) return progress::incomplete;
  part_ = part::done;
  return end_body();
}

}  // namespace farebench
