#include "mock_server/faults/make_script.hpp"
#include "mock_server/faults/raw_head.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using enum fault_script::ending;

constexpr auto dribble_pause = 50ms;

std::string head_of(const site_response& answer) {
  return raw_head{answer}.with_length(answer.body.size()).text();
}

fault_script first_bytes(std::string bytes, std::size_t size, int status, fault_script::ending then) {
  bytes.resize(size);
  return {.status = status, .pieces = {{std::move(bytes)}}, .then = then};
}

fault_script dribbled_headers(const site_response& answer) {
  return {.pieces = {{raw_head{answer}.lines() + "X-Slow: "}, {"x", fault_script::for_ever, dribble_pause}}};
}

// Without a length, so that no byte is the last; the page's first bytes, and then white space.
fault_script dribbled_body(const site_response& answer) {
  return {.status = answer.status,
          .pieces = {{raw_head{answer}.with("Connection", "close").text() + answer.body.substr(0, 100)},
                     {" ", fault_script::for_ever, dribble_pause}}};
}

}  // namespace

std::optional<fault_script> make_connection_script(fault_kind kind, const site_response& answer) {
  const auto part = [&](std::size_t head_share, std::size_t body_share, fault_script::ending then) {
    const std::string head = head_of(answer);
    const std::size_t size = head.size() * head_share / 2 + answer.body.size() * body_share / 2;
    return first_bytes(head + answer.body, size, answer.status, then);
  };
  switch (kind) {
    case fault_kind::refuse:
      return fault_script{.then = refuse};
    case fault_kind::never_answer:
      return fault_script{.then = hold};
    case fault_kind::empty_reply:
      return fault_script{.then = close};
    case fault_kind::reset_before_headers:
      return fault_script{.then = reset};
    case fault_kind::reset_in_headers:
      return part(1, 0, reset);
    case fault_kind::reset_after_headers:
      return part(2, 0, reset);
    case fault_kind::reset_mid_body:
      return part(2, 1, reset);
    case fault_kind::reset_after_answer:
      return part(2, 2, reset);
    case fault_kind::close_in_headers:
      return part(1, 0, close);
    case fault_kind::close_after_answer:
      return part(2, 2, close);
    case fault_kind::dribble_headers:
      return dribbled_headers(answer);
    case fault_kind::dribble_body:
      return dribbled_body(answer);
    default:
      return std::nullopt;
  }
}

}  // namespace farebench
