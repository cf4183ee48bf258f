#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace farebench {

/// Maximum number of pages of a batch: the mock server has no more.
inline constexpr std::size_t max_pages = 1'000'000;

/// Returns the path of a page of the mock server: "/page/7".
std::string path_of_page(std::size_t index);

/// Digest of the bodies of a batch of pages, by which bench checks them: the sum of their CRC-32 (zlib)
/// modulo 2^64. The order of the pages does not matter. Clients in other languages compute it too.
class page_digest {
 public:
  /// For pages [0, pages). Allocates all memory and touches it.
  explicit page_digest(std::size_t pages) : crcs_(pages) {}

  /// Begins a page's body, also one that an earlier attempt has begun.
  void begin(std::size_t index) { crcs_[index] = 0; }
  /// Appends a chunk to a page's body. Calls for different pages may overlap.
  void append(std::size_t index, std::string_view chunk);
  /// Adds a page whose body is complete.
  void add(std::size_t index) { value_ += crcs_[index]; }

  std::uint64_t value() const { return value_; }

 private:
  // CRC-32 of each body so far, by index.
  std::vector<std::uint32_t> crcs_;
  std::uint64_t value_ = 0;
};

}  // namespace farebench
