// A user's program: fetches pages of the site argv[1] over the native transport, and catches an exception of the library.
#include <cstddef>
#include <farebench/native.hpp>
#include <farebench/strategy.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

int main(int, char** argv) {
  std::size_t body_bytes = 0;
  farebench::batch work{.base_url = argv[1], .size = 3, .workers = 2};
  work.pages.path_at = [](std::size_t index) { return "/page/" + std::to_string(index); };
  work.pages.on_body = [&](std::size_t, std::string_view chunk) { body_bytes += chunk.size(); };
  farebench::make_strategy("fibers", farebench::native_transport())->run(work, [](std::size_t, farebench::outcome&&) {});
  try {
    farebench::make_strategy("unknown", farebench::native_transport());
  } catch (const std::invalid_argument&) {
    return body_bytes == 3 * 3072 ? 0 : 1;
  }
  return 1;
}
