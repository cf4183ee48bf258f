#pragma once

#include <cstddef>
#include <string>

#include "farebench/fare.hpp"
#include "mock_server/site/random_stream.hpp"

namespace farebench {

/// The HTML of single rows, appended to a page. Markup varies with `random` as hand-written pages do:
/// tags, quoting, class lists, entities and what separates the words. One thread a page.

/// A bus row of at most 160 bytes when `share_bytes` < 1,000, else a verbose one of at most 1,000. In either,
/// the text of the element of class `select-line` is the six words of the fare and nothing else.
void append_bus_row(std::string& page, const fare& offer, std::size_t share_bytes, random_stream& random);

/// The stops of the bus above, as far as they fit into `share_bytes`: not part of its row.
void append_bus_details(std::string& page, const fare& offer, std::size_t share_bytes, random_stream& random);

/// A row that reads like a bus but is none, by its class; at most 110 bytes.
void append_train_row(std::string& page, random_stream& random);

}  // namespace farebench
