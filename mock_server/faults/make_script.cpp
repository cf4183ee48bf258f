#include "mock_server/faults/make_script.hpp"

#include "mock_server/site/row_places.hpp"

namespace farebench {

std::optional<fault_script> make_script(fault_kind kind, const site_response& answer) {
  if (auto script = make_connection_script(kind, answer)) return script;
  if (auto script = make_framing_script(kind, answer)) return script;
  return make_flood_script(kind, answer);
}

std::size_t place_to_cut(std::string_view page) {
  const auto rows = places_of_bus_rows(page);
  return rows.empty() ? page.size() / 2 : rows[rows.size() / 2].row.begin;
}

}  // namespace farebench
