#pragma once

#include <sstream>
#include <string>
#include <vector>

namespace farebench {

inline std::vector<std::string> lines_of(const std::string& table) {
  std::vector<std::string> lines;
  std::istringstream stream(table);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace farebench
