#include "mock_server/faults/fault_scripts.hpp"

#include <fmt/format.h>
// zlib takes its input as const only when asked to.
#define ZLIB_CONST
#include <zlib.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mock_server/site/results_page.hpp"
#include "mock_server/site/site.hpp"

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

const zero_bomb& large_zero_bomb() {
  static const zero_bomb bomb = make_zero_bomb(12);
  return bomb;
}

const std::string& nested_zero_bomb() {
  static const std::string nested = [] {
    const zero_bomb& bomb = large_zero_bomb();
    deflation outer{gzip_format};
    std::string out = outer.take(bomb.start, Z_NO_FLUSH);
    for (std::uint64_t i = 0; i < bomb.times; ++i) out += outer.take(bomb.block, Z_NO_FLUSH);
    return out + outer.take(bomb.end, Z_FINISH);
  }();
  return nested;
}

/// The head of an answer, to be spoiled before it is sent. Written by script makers alone: what no fault
/// touches, an engine writes itself.
struct raw_head {
  std::string status_line;
  std::vector<std::pair<std::string, std::string>> headers;

  /// As `answer` has it, without any header that frames a body.
  explicit raw_head(const site_response& answer);

  /// This head with a header more, for chaining.
  raw_head& with(std::string_view name, std::string_view value);
  raw_head& with_length(std::size_t bytes);

  /// Its lines, and the empty one that ends it.
  std::string text() const;
  /// Its lines alone, so that others can follow.
  std::string lines() const;
};

// Without a reason phrase, which may be empty (RFC 9112, section 4).
raw_head::raw_head(const site_response& answer) : status_line(fmt::format("HTTP/1.1 {} ", answer.status)) {
  for_each_header(answer, [this](std::string_view name, std::string_view value) { with(name, value); });
}

raw_head& raw_head::with(std::string_view name, std::string_view value) {
  headers.emplace_back(name, value);
  return *this;
}

raw_head& raw_head::with_length(std::size_t bytes) { return with("Content-Length", std::to_string(bytes)); }

std::string raw_head::text() const { return lines() + "\r\n"; }

std::string raw_head::lines() const {
  std::string all = status_line + "\r\n";
  for (const auto& [name, value] : headers)
    fmt::format_to(std::back_inserter(all), "{}: {}\r\n", name, value);
  return all;
}

namespace {

using namespace std::chrono_literals;
using enum fault_script::action;

constexpr auto dribble_pause = 50ms;

std::string head_of(const site_response& answer) {
  return raw_head{answer}.with_length(answer.body.size()).text();
}

fault_script first_bytes(std::string bytes, std::size_t size, int status, fault_script::action final_action) {
  bytes.resize(size);
  return {.status = status, .chunks = {{std::move(bytes)}}, .final_action = final_action};
}

fault_script dribbled_headers(const site_response& answer) {
  return {.chunks = {{raw_head{answer}.lines() + "X-Slow: "}, {"x", fault_script::unlimited, dribble_pause}}};
}

// Without a length, so that no byte is the last; the page's first bytes, and then white space.
fault_script dribbled_body(const site_response& answer) {
  return {.status = answer.status,
          .chunks = {{raw_head{answer}.with("Connection", "close").text() + answer.body.substr(0, 100)},
                     {" ", fault_script::unlimited, dribble_pause}}};
}

}  // namespace

std::optional<fault_script> make_connection_script(fault_kind kind, const site_response& answer) {
  const auto part = [&](std::size_t head_share, std::size_t body_share, fault_script::action final_action) {
    const std::string head = head_of(answer);
    const std::size_t size = head.size() * head_share / 2 + answer.body.size() * body_share / 2;
    return first_bytes(head + answer.body, size, answer.status, final_action);
  };
  switch (kind) {
    case fault_kind::refuse:
      return fault_script{.final_action = refuse};
    case fault_kind::no_response:
      return fault_script{.final_action = hold};
    case fault_kind::empty_reply:
      return fault_script{.final_action = close};
    case fault_kind::reset_before_headers:
      return fault_script{.final_action = reset};
    case fault_kind::reset_in_headers:
      return part(1, 0, reset);
    case fault_kind::reset_after_headers:
      return part(2, 0, reset);
    case fault_kind::reset_mid_body:
      return part(2, 1, reset);
    case fault_kind::reset_after_response:
      return part(2, 2, reset);
    case fault_kind::close_in_headers:
      return part(1, 0, close);
    case fault_kind::close_after_response:
      return part(2, 2, close);
    case fault_kind::dribble_headers:
      return dribbled_headers(answer);
    case fault_kind::dribble_body:
      return dribbled_body(answer);
    default:
      return std::nullopt;
  }
}

namespace {

using enum fault_script::action;

constexpr std::string_view length = "Content-Length";
constexpr std::string_view last_chunk = "0\r\n\r\n";

fault_script sent(const site_response& answer, std::string bytes, fault_script::action final_action) {
  return {.status = answer.status, .chunks = {{std::move(bytes)}}, .final_action = final_action};
}

// The whole answer, its length told as `told`, then closed.
fault_script of_length(const site_response& answer, std::string_view told) {
  return sent(answer, raw_head{answer}.with(length, told).text() + answer.body, close);
}

std::string chunk(std::string_view bytes) { return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes); }

// The answer's beginning as a whole chunk, then `rest`, closed.
fault_script chunked(const site_response& answer, std::size_t chunk_bytes, std::string_view rest) {
  const std::string head = raw_head{answer}.with("Transfer-Encoding", "chunked").text();
  return sent(answer, head + chunk(std::string_view{answer.body}.substr(0, chunk_bytes)) + std::string{rest},
              close);
}

fault_script with_status_line(const site_response& answer, std::string_view status_line, int status) {
  raw_head head{answer};
  head.status_line = status_line;
  return {.status = status, .chunks = {{head.with_length(answer.body.size()).text() + answer.body}}};
}

// A whole page with fares that nobody asked for: of the next day, or of any for who has not said one.
std::string other_page(const site_response& answer) {
  query other{"ID1", "ID2", std::chrono::year{2026} / 1 / 1};
  if (const auto* const asked = std::get_if<query>(&answer.step)) {
    other = *asked;
    other.date = std::chrono::sys_days{other.date} + std::chrono::days{1};
  }
  return results_page(other, 3);
}

fault_script two_answers(const site_response& answer) {
  site_response second;
  second.content_type = answer.content_type;
  second.body = other_page(answer);
  const auto whole = [](const site_response& one) {
    return raw_head{one}.with_length(one.body.size()).text() + one.body;
  };
  return sent(answer, whole(answer) + whole(second), keep_open);
}

}  // namespace

std::optional<fault_script> make_framing_script(fault_kind kind, const site_response& answer) {
  const std::string& body = answer.body;
  switch (kind) {
    case fault_kind::truncated_body:
      return sent(answer, raw_head{answer}.with_length(body.size()).text() + body.substr(0, body.size() / 2),
                  close);
    case fault_kind::cut_between_rows:
      return sent(answer,
                  raw_head{answer}.with("Connection", "close").text() + body.substr(0, cut_position(body)),
                  close);
    case fault_kind::length_too_small:
      return sent(answer, raw_head{answer}.with_length(cut_position(body)).text() + body, keep_open);
    case fault_kind::length_too_large:
      return of_length(answer, std::to_string(body.size() + 100));
    case fault_kind::two_lengths:
      return sent(answer,
                  raw_head{answer}.with_length(body.size()).with_length(cut_position(body)).text() + body,
                  close);
    case fault_kind::negative_length:
      return of_length(answer, "-1");
    case fault_kind::length_not_a_number:
      return of_length(answer, "many");
    case fault_kind::length_overflow:
      return of_length(answer, "18446744073709551617");
    case fault_kind::length_and_chunked:
      return sent(
          answer,
          raw_head{answer}.with_length(cut_position(body)).with("Transfer-Encoding", "chunked").text() +
              chunk(body) + std::string{last_chunk},
          close);
    case fault_kind::bad_chunk_size:
      return chunked(answer, body.size() / 2, "xyz\r\n" + body.substr(body.size() / 2) + "\r\n0\r\n\r\n");
    case fault_kind::huge_chunk_size:
      return chunked(answer, body.size() / 2,
                     "fffffffffffffffff\r\n" + body.substr(body.size() / 2) + "\r\n0\r\n\r\n");
    case fault_kind::cut_chunks:
      return chunked(answer, cut_position(body), "");
    case fault_kind::http09_junk:
      return fault_script{.chunks = {{body}}};
    case fault_kind::bad_version:
      return with_status_line(answer, "HTTP/7.3 200 OK", answer.status);
    case fault_kind::nul_in_header:
      return sent(
          answer,
          raw_head{answer}.with("X-Nul", std::string_view{"a\0b", 3}).with_length(body.size()).text() + body,
          keep_open);
    case fault_kind::switching_protocols:
      return fault_script{.status = 101,
                          .chunks = {{"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                                      "Upgrade: farebench/1\r\n\r\n" +
                                      body}}};
    case fault_kind::unsolicited_response:
      return two_answers(answer);
    default:
      return std::nullopt;
  }
}

namespace {

using enum fault_script::action;
using fault_piece = fault_script::chunk;

// What is sent again and again, at most that much of it in memory.
constexpr std::size_t block_bytes = 8 * 1024;
constexpr std::uint64_t huge_line_bytes = 8 * 1024 * 1024;

std::string many(std::string_view text) {
  std::string block;
  while (block.size() + text.size() <= block_bytes) block += text;
  return block;
}

// So that a client which takes the body for a page, and its end for the page's, finds nothing in it.
std::string dull_text() { return many("<p>Jedeme dál.</p>\n"); }

std::string gzip_head(const site_response& answer, std::string_view encoding, std::uint64_t bytes) {
  return raw_head{answer}.with("Content-Encoding", encoding).with_length(bytes).text();
}

fault_script endless(int status, std::string start, std::string block) {
  return {.status = status,
          .chunks = {{std::move(start)}, fault_piece{std::move(block), fault_script::unlimited}}};
}

fault_script huge_line(const site_response& answer) {
  return {.status = answer.status,
          .chunks = {{raw_head{answer}.with_length(answer.body.size()).lines() + "X-Huge: "},
                     fault_piece{std::string(block_bytes, 'x'), huge_line_bytes / block_bytes},
                     {"\r\n\r\n" + answer.body}},
          .final_action = keep_open};
}

fault_script bomb(const site_response& answer) {
  const zero_bomb& zeros = large_zero_bomb();
  return {.status = answer.status,
          .chunks = {{gzip_head(answer, "gzip", zeros.bytes()) + zeros.start},
                     fault_piece{zeros.block, zeros.times},
                     {zeros.end}},
          .final_action = keep_open};
}

fault_script encoded(const site_response& answer, std::string_view encoding, const std::string& body) {
  return {.status = answer.status,
          .chunks = {{gzip_head(answer, encoding, body.size()) + body}},
          .final_action = keep_open};
}

std::string broken(std::string bytes) {
  bytes[bytes.size() / 2] = static_cast<char>(~bytes[bytes.size() / 2]);
  return bytes;
}

}  // namespace

std::optional<fault_script> make_flood_script(fault_kind kind, const site_response& answer) {
  switch (kind) {
    case fault_kind::flood_1xx:
      return endless(0, "", many("HTTP/1.1 103 Early Hints\r\nLink: </m/style.css>; rel=preload\r\n\r\n"));
    case fault_kind::header_bomb:
      return endless(answer.status, raw_head{answer}.lines(),
                     many("X-Bomb: tick tick tick tick tick tick\r\n"));
    case fault_kind::huge_header_line:
      return huge_line(answer);
    case fault_kind::huge_body:
      return endless(answer.status, raw_head{answer}.with("Connection", "close").text(), dull_text());
    case fault_kind::huge_chunked_body: {
      const std::string text = dull_text();
      return endless(answer.status, raw_head{answer}.with("Transfer-Encoding", "chunked").text(),
                     fmt::format("{:x}\r\n{}\r\n", text.size(), text));
    }
    case fault_kind::gzip_bomb:
      return bomb(answer);
    case fault_kind::nested_gzip_bomb:
      return encoded(answer, "gzip, gzip", nested_zero_bomb());
    case fault_kind::broken_gzip:
      return encoded(answer, "gzip", broken(gzip(answer.body)));
    case fault_kind::unasked_gzip:
      return encoded(answer, "gzip", gzip(answer.body));
    default:
      return std::nullopt;
  }
}

std::optional<fault_script> make_script(fault_kind kind, const site_response& answer) {
  if (auto script = make_connection_script(kind, answer)) return script;
  if (auto script = make_framing_script(kind, answer)) return script;
  return make_flood_script(kind, answer);
}

std::size_t cut_position(std::string_view page) {
  const auto rows = find_bus_rows(page);
  return rows.empty() ? page.size() / 2 : rows[rows.size() / 2].row.begin;
}

}  // namespace farebench
