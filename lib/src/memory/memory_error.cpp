#include "farebench/memory_error.hpp"

namespace farebench {

std::string_view to_string(memory_error error) {
  switch (error) {
    case memory_error::gone:
      return "the process has gone";
    case memory_error::zombie:
      return "the process has ended";
    case memory_error::no_memory:
      return "the process has no memory of its own";
    case memory_error::malformed:
      return "the kernel's text on the process can't be understood";
  }
  return "unknown memory error";
}

}  // namespace farebench
