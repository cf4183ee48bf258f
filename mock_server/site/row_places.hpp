#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

namespace farebench {

/// Where a bus row is on a page of the site: byte offsets.
struct row_place {
  struct span {
    std::size_t begin;
    std::size_t end;
  };
  span row;                   ///< from its opening tag to the line end behind its closing one
  std::array<span, 6> words;  ///< as HTML spells them
};

/// Those of a page that results_page made, in page order; none in any other. A pure function.
std::vector<row_place> places_of_bus_rows(std::string_view page);

}  // namespace farebench
