#pragma once

#include <new>
#include <optional>
#include <system_error>

#include "farebench/fetch_error.hpp"

namespace farebench {

// Handles exhausted resources for all strategies. The system refuses memory with std::bad_alloc, and threads,
// descriptors and libcurl handles with std::system_error. Either one becomes the error `out_of_resources` of
// one item, and the rest of the run continues.

/// Creates an error. Omits its text if there is no memory for it.
inline fetch_error make_error(fetch_error_kind kind, const char* text) noexcept {
  try {
    return {kind, text};
  } catch (const std::bad_alloc&) {
    return {kind, {}};
  }
}

/// Returns the error for the exception being handled if the system refused a resource; rethrows any other.
/// Call it in a catch block.
inline fetch_error resource_error() {
  try {
    throw;
  } catch (const std::bad_alloc& error) {
    return make_error(fetch_error_kind::out_of_resources, error.what());
  } catch (const std::system_error& error) {
    return make_error(fetch_error_kind::out_of_resources, error.what());
  }
}

/// Calls `create`, which creates one or more objects, and returns the error if a resource was refused.
/// Objects created before that remain.
template <typename Create>
std::optional<fetch_error> until_refused(Create&& create) {
  try {
    create();
    return std::nullopt;
  } catch (...) {
    return resource_error();
  }
}

}  // namespace farebench
