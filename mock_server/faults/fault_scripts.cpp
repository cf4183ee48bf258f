#include "mock_server/faults/fault_effects.hpp"

#include <fmt/format.h>
// Declares zlib's input as const.
#define ZLIB_CONST
#include <zlib.h>

#include <array>
#include <cstddef>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <variant>

#include "mock_server/site/results_page.hpp"

namespace farebench {
namespace {

// Window bits of zlib: 16 more select the gzip format, negative ones raw deflate blocks.
constexpr int gzip_format = MAX_WBITS + 16;
constexpr int raw_format = -MAX_WBITS;

class compressor {
 public:
  explicit compressor(int format) {
    if (::deflateInit2(&stream_, Z_BEST_COMPRESSION, Z_DEFLATED, format, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      throw std::runtime_error("deflateInit2: out of memory");
    }
  }
  ~compressor() { ::deflateEnd(&stream_); }
  compressor(const compressor&) = delete;
  compressor& operator=(const compressor&) = delete;

  // Returns the output that is available after `bytes` and the flush.
  std::string compress(std::string_view bytes, int flush) {
    stream_.next_in = reinterpret_cast<const Bytef*>(bytes.data());
    stream_.avail_in = static_cast<uInt>(bytes.size());
    std::string result;
    std::array<char, 4096> buffer;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream_.avail_out = buffer.size();
      ::deflate(&stream_, flush);
      result.append(buffer.data(), buffer.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return result;
  }

 private:
  z_stream stream_{};
};

std::string little_endian(std::uint32_t number) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}

// Returns the CRC of 2^doublings repetitions of `bytes`.
uLong repeated_crc(std::string_view bytes, int doublings) {
  uLong crc = ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
  auto size = static_cast<z_off_t>(bytes.size());
  for (int i = 0; i < doublings; ++i) {
    crc = ::crc32_combine(crc, crc, size);
    size *= 2;
  }
  return crc;
}

}  // namespace

std::string gzip(std::string_view bytes) { return compressor{gzip_format}.compress(bytes, Z_FINISH); }

// After a full flush, blocks start at a byte and do not refer to earlier ones. So equal input gives equal
// blocks, and one block can be repeated.
zero_bomb make_zero_bomb(int doublings) {
  const std::string zeros(1 << 20, '\0');
  zero_bomb bomb;
  bomb.start = std::string{"\x1f\x8b\x08\0\0\0\0\0\x02\xff", 10};
  bomb.block = compressor{raw_format}.compress(zeros, Z_FULL_FLUSH);
  bomb.times = std::uint64_t{1} << doublings;
  bomb.end = std::string{"\x03\0", 2} +
             little_endian(static_cast<std::uint32_t>(repeated_crc(zeros, doublings))) +
             little_endian(static_cast<std::uint32_t>(zeros.size() << doublings));
  return bomb;
}

const zero_bomb& large_zero_bomb() {
  static const zero_bomb bomb = make_zero_bomb(12);
  return bomb;
}

const std::string& nested_zero_bomb() {
  static const std::string nested = [] {
    const zero_bomb& bomb = large_zero_bomb();
    compressor outer{gzip_format};
    std::string result = outer.compress(bomb.start, Z_NO_FLUSH);
    for (std::uint64_t i = 0; i < bomb.times; ++i) result += outer.compress(bomb.block, Z_NO_FLUSH);
    return result + outer.compress(bomb.end, Z_FINISH);
  }();
  return nested;
}

std::size_t cut_position(std::string_view page) {
  const auto rows = find_bus_rows(page);
  return rows.empty() ? page.size() / 2 : rows[rows.size() / 2].row.begin;
}

namespace {

using namespace std::chrono_literals;
using enum fault_script::action;
using chunk = fault_script::chunk;

constexpr auto dribble_pause = 50ms;
constexpr std::uint64_t huge_line_bytes = 8 * 1024 * 1024;
// Maximum memory of a repeated chunk.
constexpr std::size_t block_bytes = 8 * 1024;
constexpr std::string_view last_chunk = "0\r\n\r\n";

// The head of a response, built field by field.
class raw_head {
 public:
  // Holds the status and fields of `response`, without fields that frame a body. The reason phrase is empty
  // (RFC 9112, section 4).
  explicit raw_head(const site_response& response)
      : lines_(fmt::format("HTTP/1.1 {} \r\n", response.status)) {
    for_each_header(response, [this](std::string_view name, std::string_view value) { add(name, value); });
  }

  raw_head& add(std::string_view name, std::string_view value) {
    fmt::format_to(std::back_inserter(lines_), "{}: {}\r\n", name, value);
    return *this;
  }
  raw_head& add_length(std::size_t bytes) { return add("Content-Length", std::to_string(bytes)); }
  raw_head& add_chunked() { return add("Transfer-Encoding", "chunked"); }
  raw_head& add_close() { return add("Connection", "close"); }

  // The lines so far, for more to follow.
  const std::string& lines() const { return lines_; }
  // The lines and the empty one that ends the head.
  std::string text() const { return lines_ + "\r\n"; }

 private:
  std::string lines_;
};

std::string encode_chunk(std::string_view bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

// Returns head and body as they are sent without a fault.
std::string whole(const site_response& response) {
  return raw_head{response}.add_length(response.body.size()).text() + response.body;
}

fault_script send(const site_response& response, std::string bytes, fault_script::action final_action) {
  return {.status = response.status, .chunks = {{std::move(bytes)}}, .final_action = final_action};
}

fault_script send_endlessly(int status, std::string start, std::string block) {
  return {.status = status, .chunks = {{std::move(start)}, chunk{std::move(block), fault_script::unlimited}}};
}

// Sends the beginning of head and body, counted in halves: 0 for none, 2 for all.
fault_script send_part(const site_response& response, std::size_t head_halves, std::size_t body_halves,
                       fault_script::action final_action) {
  std::string bytes = whole(response);
  const std::size_t head_bytes = bytes.size() - response.body.size();
  bytes.resize(head_bytes * head_halves / 2 + response.body.size() * body_halves / 2);
  return send(response, std::move(bytes), final_action);
}

fault_script dribble_headers(const site_response& response) {
  return {
      .chunks = {{raw_head{response}.lines() + "X-Slow: "}, {"x", fault_script::unlimited, dribble_pause}}};
}

// Sends the start of the page, then white space. Without a length, no byte is the last.
fault_script dribble_body(const site_response& response) {
  return {.status = response.status,
          .chunks = {{raw_head{response}.add_close().text() + response.body.substr(0, 100)},
                     {" ", fault_script::unlimited, dribble_pause}}};
}

fault_script send_with_length(const site_response& response, std::string_view length) {
  return send(response, raw_head{response}.add("Content-Length", length).text() + response.body, close);
}

// Sends the first bytes of the body as a valid chunk, then `rest`.
fault_script send_chunked(const site_response& response, std::size_t chunk_bytes, std::string_view rest) {
  std::string bytes = raw_head{response}.add_chunked().text();
  bytes += encode_chunk(std::string_view{response.body}.substr(0, chunk_bytes));
  bytes += rest;
  return send(response, std::move(bytes), close);
}

fault_script send_bad_chunk_size(const site_response& response, std::string_view size) {
  const std::size_t half = response.body.size() / 2;
  return send_chunked(response, half,
                      fmt::format("{}\r\n{}\r\n{}", size, response.body.substr(half), last_chunk));
}

fault_script send_bad_version(const site_response& response) {
  std::string bytes = whole(response);
  bytes.replace(0, bytes.find("\r\n"), "HTTP/7.3 200 OK");
  return send(response, std::move(bytes), close);
}

// Returns a page with other fares: those of the next day, or of any day for a response without a search.
std::string other_page(const site_response& response) {
  query other{"ID1", "ID2", std::chrono::year{2026} / 1 / 1};
  if (const auto* const search = std::get_if<query>(&response.step)) {
    other = *search;
    other.date = std::chrono::sys_days{other.date} + std::chrono::days{1};
  }
  return results_page(other, 3);
}

fault_script send_two_responses(const site_response& response) {
  site_response second;
  second.content_type = response.content_type;
  second.body = other_page(response);
  return send(response, whole(response) + whole(second), keep_open);
}

fault_script send_huge_line(const site_response& response) {
  return {.status = response.status,
          .chunks = {{raw_head{response}.add_length(response.body.size()).lines() + "X-Huge: "},
                     chunk{std::string(block_bytes, 'x'), huge_line_bytes / block_bytes},
                     {"\r\n\r\n" + response.body}},
          .final_action = keep_open};
}

std::string repeat(std::string_view text) {
  std::string block;
  while (block.size() + text.size() <= block_bytes) block += text;
  return block;
}

// Returns HTML without rows, so that a client which accepts it as a page finds no fares.
std::string filler_html() { return repeat("<p>Jedeme dál.</p>\n"); }

std::string encoded_head(const site_response& response, std::string_view encoding, std::uint64_t bytes) {
  return raw_head{response}.add("Content-Encoding", encoding).add_length(bytes).text();
}

fault_script send_bomb(const site_response& response) {
  const zero_bomb& bomb = large_zero_bomb();
  return {.status = response.status,
          .chunks = {{encoded_head(response, "gzip", bomb.bytes()) + bomb.start},
                     chunk{bomb.block, bomb.times},
                     {bomb.end}},
          .final_action = keep_open};
}

fault_script send_encoded(const site_response& response, std::string_view encoding, const std::string& body) {
  return send(response, encoded_head(response, encoding, body.size()) + body, keep_open);
}

std::string corrupt(std::string bytes) {
  bytes[bytes.size() / 2] = static_cast<char>(~bytes[bytes.size() / 2]);
  return bytes;
}

}  // namespace

std::optional<fault_script> make_script(fault_kind kind, const site_response& response) {
  const std::string& body = response.body;
  raw_head head{response};
  switch (kind) {
    // The connection.
    case fault_kind::refuse:
      return fault_script{.final_action = refuse};
    case fault_kind::no_response:
      return fault_script{.final_action = hold};
    case fault_kind::empty_reply:
      return fault_script{.final_action = close};
    case fault_kind::reset_before_headers:
      return fault_script{.final_action = reset};
    case fault_kind::reset_in_headers:
      return send_part(response, 1, 0, reset);
    case fault_kind::reset_after_headers:
      return send_part(response, 2, 0, reset);
    case fault_kind::reset_mid_body:
      return send_part(response, 2, 1, reset);
    case fault_kind::reset_after_response:
      return send_part(response, 2, 2, reset);
    case fault_kind::close_in_headers:
      return send_part(response, 1, 0, close);
    case fault_kind::close_after_response:
      return send_part(response, 2, 2, close);
    case fault_kind::dribble_headers:
      return dribble_headers(response);
    case fault_kind::dribble_body:
      return dribble_body(response);
    // The framing of a response.
    case fault_kind::truncated_body:
      return send_part(response, 2, 1, close);
    case fault_kind::cut_between_rows:
      return send(response, head.add_close().text() + body.substr(0, cut_position(body)), close);
    case fault_kind::length_too_small:
      return send(response, head.add_length(cut_position(body)).text() + body, keep_open);
    case fault_kind::length_too_large:
      return send_with_length(response, std::to_string(body.size() + 100));
    case fault_kind::two_lengths:
      return send(response, head.add_length(body.size()).add_length(cut_position(body)).text() + body, close);
    case fault_kind::negative_length:
      return send_with_length(response, "-1");
    case fault_kind::length_not_a_number:
      return send_with_length(response, "many");
    case fault_kind::length_overflow:
      return send_with_length(response, "18446744073709551617");
    case fault_kind::length_and_chunked:
      head.add_length(cut_position(body)).add_chunked();
      return send(response, head.text() + encode_chunk(body) + std::string{last_chunk}, close);
    case fault_kind::bad_chunk_size:
      return send_bad_chunk_size(response, "xyz");
    case fault_kind::huge_chunk_size:
      return send_bad_chunk_size(response, "fffffffffffffffff");
    case fault_kind::cut_chunks:
      return send_chunked(response, cut_position(body), "");
    case fault_kind::http09_junk:
      return fault_script{.chunks = {{body}}};
    case fault_kind::bad_version:
      return send_bad_version(response);
    case fault_kind::nul_in_header:
      head.add("X-Nul", std::string_view{"a\0b", 3}).add_length(body.size());
      return send(response, head.text() + body, keep_open);
    case fault_kind::switching_protocols:
      return fault_script{.status = 101,
                          .chunks = {{"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                                      "Upgrade: farebench/1\r\n\r\n" +
                                      body}}};
    case fault_kind::unsolicited_response:
      return send_two_responses(response);
    // More data than a client should accept.
    case fault_kind::flood_1xx:
      return send_endlessly(0, "",
                            repeat("HTTP/1.1 103 Early Hints\r\nLink: </m/style.css>; rel=preload\r\n\r\n"));
    case fault_kind::header_bomb:
      return send_endlessly(response.status, head.lines(),
                            repeat("X-Bomb: tick tick tick tick tick tick\r\n"));
    case fault_kind::huge_header_line:
      return send_huge_line(response);
    case fault_kind::huge_body:
      return send_endlessly(response.status, head.add_close().text(), filler_html());
    case fault_kind::huge_chunked_body:
      return send_endlessly(response.status, head.add_chunked().text(), encode_chunk(filler_html()));
    case fault_kind::gzip_bomb:
      return send_bomb(response);
    case fault_kind::nested_gzip_bomb:
      return send_encoded(response, "gzip, gzip", nested_zero_bomb());
    case fault_kind::broken_gzip:
      return send_encoded(response, "gzip", corrupt(gzip(response.body)));
    case fault_kind::unasked_gzip:
      return send_encoded(response, "gzip", gzip(response.body));
    default:
      return std::nullopt;
  }
}

}  // namespace farebench
