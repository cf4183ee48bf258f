#include <fmt/format.h>

#include "mock_server/faults/gzip.hpp"
#include "mock_server/faults/make_script.hpp"
#include "mock_server/faults/raw_head.hpp"

namespace farebench {
namespace {

using enum fault_script::ending;
using fault_piece = fault_script::piece;

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
          .pieces = {{std::move(start)}, fault_piece{std::move(block), fault_script::for_ever}}};
}

fault_script huge_line(const site_response& answer) {
  return {.status = answer.status,
          .pieces = {{raw_head{answer}.with_length(answer.body.size()).lines() + "X-Huge: "},
                     fault_piece{std::string(block_bytes, 'x'), huge_line_bytes / block_bytes},
                     {"\r\n\r\n" + answer.body}},
          .then = keep};
}

fault_script bomb(const site_response& answer) {
  const zero_bomb& zeros = the_zero_bomb();
  return {.status = answer.status,
          .pieces = {{gzip_head(answer, "gzip", zeros.bytes()) + zeros.start},
                     fault_piece{zeros.block, zeros.times},
                     {zeros.end}},
          .then = keep};
}

fault_script encoded(const site_response& answer, std::string_view encoding, const std::string& body) {
  return {
      .status = answer.status, .pieces = {{gzip_head(answer, encoding, body.size()) + body}}, .then = keep};
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
      return encoded(answer, "gzip, gzip", the_nested_zero_bomb());
    case fault_kind::broken_gzip:
      return encoded(answer, "gzip", broken(gzip(answer.body)));
    case fault_kind::unasked_gzip:
      return encoded(answer, "gzip", gzip(answer.body));
    default:
      return std::nullopt;
  }
}

}  // namespace farebench
