#pragma once

#include <utility>

namespace farebench {

/// Base of objects that are in at most one list at a time. Can be removed without knowing the list. Must be
/// removed before it or the list is destroyed.
class list_node {
 public:
  list_node() = default;
  list_node(const list_node&) = delete;
  list_node& operator=(const list_node&) = delete;

  bool is_linked() const noexcept { return next_ != nullptr; }
  /// Has no effect if the node is in no list.
  void unlink() noexcept {
    if (!is_linked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  template <typename Element>
  friend class intrusive_list;

  // Null if the node is in no list.
  list_node* next_ = nullptr;
  list_node* previous_ = nullptr;
};

/// Doubly linked list of objects that it does not own. Not thread-safe.
template <typename Element>
class intrusive_list {
 public:
  intrusive_list() noexcept { end_.next_ = end_.previous_ = &end_; }

  bool empty() const noexcept { return end_.next_ == &end_; }
  /// Requires !empty().
  Element& front() const noexcept { return static_cast<Element&>(*end_.next_); }
  /// Requires an element that is in no list.
  void push_back(Element& element) noexcept {
    list_node& node = element;
    node.next_ = &end_;
    node.previous_ = std::exchange(end_.previous_, &node);
    node.previous_->next_ = &node;
  }

 private:
  // Closes the circle of the nodes.
  list_node end_;
};

}  // namespace farebench
