#include "mock_server/engine/event/script_player.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <utility>

namespace farebench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

bool has_unsent_bytes(tcp::socket& socket) {
  int bytes = 0;
  return ::ioctl(socket.native_handle(), SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

}  // namespace

script_player::script_player(fault_script script) : script_(std::move(script)) {}

script_player::next script_player::perform(tcp::socket& socket, std::span<char> scratch) {
  while (piece_ < script_.pieces.size()) {
    const fault_script::piece& piece = script_.pieces[piece_];
    while (sent_bytes_ < piece.bytes.size()) {
      error_code failed;
      sent_bytes_ += socket.write_some(asio::buffer(piece.bytes) + sent_bytes_, failed);
      if (failed == asio::error::would_block) return next::when_writable;
      if (failed) return next::nothing;
    }
    sent_bytes_ = 0;
    if (++times_sent_ < piece.times) {
      if (piece.pause == 0ms) return next::when_writable;
      moment_ = clock::now() + piece.pause;
      return next::at_its_moment;
    }
    times_sent_ = 0;
    ++piece_;
  }
  return end(socket, scratch);
}

script_player::next script_player::end(tcp::socket& socket, std::span<char> scratch) {
  switch (script_.then) {
    case fault_script::ending::keep:
      return next::request;
    case fault_script::ending::hold:
      return hold(socket, scratch);
    case fault_script::ending::refuse:
      // In this order, so that whoever has seen the reset is refused.
      script_.then = fault_script::ending::reset;
      return next::refusal;
    case fault_script::ending::reset:
      return reset(socket);
    case fault_script::ending::close:
      break;
  }
  return next::nothing;
}

script_player::next script_player::hold(tcp::socket& socket, std::span<char> scratch) {
  error_code failed;
  while (!failed) socket.receive(asio::buffer(scratch.data(), scratch.size()), 0, failed);
  return failed == asio::error::would_block ? next::when_readable : next::nothing;
}

// RST takes back what the client's kernel does not have yet: so that comes first, if it takes it within a
// second. Closed here, since Asio would take SO_LINGER back in the socket's destructor.
script_player::next script_player::reset(tcp::socket& socket) {
  const clock::time_point now = clock::now();
  if (reset_at_latest_ == clock::time_point::max()) reset_at_latest_ = now + 1s;
  if (now < reset_at_latest_ && has_unsent_bytes(socket)) {
    moment_ = now + 1ms;
    return next::at_its_moment;
  }
  error_code ignored;
  socket.set_option(asio::socket_base::linger{true, 0}, ignored);
  socket.close(ignored);
  return next::nothing;
}

}  // namespace farebench
