#pragma once

#include <memory>
#include <utility>

#include "farebench/strategy.hpp"

namespace farebench::mutants {

/// A strategy around another, which a mutant derives from: it changes what goes through the public seams and
/// leaves the library as it is.
class decorated_strategy : public strategy {
 public:
  explicit decorated_strategy(std::unique_ptr<strategy> inner) : inner_{std::move(inner)} {}

 protected:
  strategy& inner() { return *inner_; }

 private:
  std::unique_ptr<strategy> inner_;
};

}  // namespace farebench::mutants
