#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mock_server/site/site.hpp"

namespace farebench {

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

}  // namespace farebench
