#include <fmt/format.h>

#include "mock_server/faults/make_script.hpp"
#include "mock_server/faults/raw_head.hpp"
#include "mock_server/site/results_page.hpp"

namespace farebench {
namespace {

using enum fault_script::ending;

constexpr std::string_view length = "Content-Length";
constexpr std::string_view last_chunk = "0\r\n\r\n";

fault_script sent(const site_response& answer, std::string bytes, fault_script::ending then) {
  return {.status = answer.status, .pieces = {{std::move(bytes)}}, .then = then};
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
  return {.status = status, .pieces = {{head.with_length(answer.body.size()).text() + answer.body}}};
}

// A whole page with fares that nobody asked for: of the next day, or of any for who has not said one.
std::string other_page(const site_response& answer) {
  query other{"ID1", "ID2", std::chrono::year{2026} / 1 / 1};
  if (const auto* const asked = std::get_if<query>(&answer.done)) {
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
  return sent(answer, whole(answer) + whole(second), keep);
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
                  raw_head{answer}.with("Connection", "close").text() + body.substr(0, place_to_cut(body)),
                  close);
    case fault_kind::length_too_small:
      return sent(answer, raw_head{answer}.with_length(place_to_cut(body)).text() + body, keep);
    case fault_kind::length_too_large:
      return of_length(answer, std::to_string(body.size() + 100));
    case fault_kind::two_lengths:
      return sent(answer,
                  raw_head{answer}.with_length(body.size()).with_length(place_to_cut(body)).text() + body,
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
          raw_head{answer}.with_length(place_to_cut(body)).with("Transfer-Encoding", "chunked").text() +
              chunk(body) + std::string{last_chunk},
          close);
    case fault_kind::bad_chunk_size:
      return chunked(answer, body.size() / 2, "xyz\r\n" + body.substr(body.size() / 2) + "\r\n0\r\n\r\n");
    case fault_kind::huge_chunk_size:
      return chunked(answer, body.size() / 2,
                     "fffffffffffffffff\r\n" + body.substr(body.size() / 2) + "\r\n0\r\n\r\n");
    case fault_kind::cut_chunks:
      return chunked(answer, place_to_cut(body), "");
    case fault_kind::http09_junk:
      return fault_script{.pieces = {{body}}};
    case fault_kind::bad_version:
      return with_status_line(answer, "HTTP/7.3 200 OK", answer.status);
    case fault_kind::nul_in_header:
      return sent(
          answer,
          raw_head{answer}.with("X-Nul", std::string_view{"a\0b", 3}).with_length(body.size()).text() + body,
          keep);
    case fault_kind::switching_protocols:
      return fault_script{.status = 101,
                          .pieces = {{"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                                      "Upgrade: farebench/1\r\n\r\n" +
                                      body}}};
    case fault_kind::unsolicited_response:
      return two_answers(answer);
    default:
      return std::nullopt;
  }
}

}  // namespace farebench
