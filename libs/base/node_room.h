// Memory for the nodes of a container that is bounded (std::pmr::map), taken whole at the
// start: the container does not grow while it fills. Nodes that find no room in it, and
// larger ones, come from the heap.
//
// One thread; outlives the container.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <vector>

namespace gannet::base {

class NodeRoom final : public std::pmr::memory_resource {
 public:
  // For maps of Value: what a tree needs beside it is four words.
  template <class Value>
  static NodeRoom ForMapOf(size_t nodes) {
    return NodeRoom(sizeof(Value) + 4 * sizeof(void*), nodes);
  }
  NodeRoom(size_t node_bytes, size_t nodes)
      : words_((node_bytes + sizeof(Word) - 1) / sizeof(Word)), room_(words_ * nodes) {
    for (size_t node = nodes; node-- > 0;) Free(&room_[node * words_]);
  }
  NodeRoom(const NodeRoom&) = delete;
  NodeRoom& operator=(const NodeRoom&) = delete;

 private:
  struct alignas(std::max_align_t) Word {
    Word* next = nullptr;  // free node
  };
  void Free(Word* node) {
    node->next = free_;
    free_ = node;
  }
  void* do_allocate(size_t bytes, size_t alignment) override {
    if (bytes > words_ * sizeof(Word) || alignment > alignof(Word) || free_ == nullptr)
      return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    Word* node = free_;
    free_ = node->next;
    return node;
  }
  void do_deallocate(void* node, size_t bytes, size_t alignment) override {
    if (node < room_.data() || node >= room_.data() + room_.size())
      return std::pmr::new_delete_resource()->deallocate(node, bytes, alignment);
    Free(static_cast<Word*>(node));
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  const size_t words_;  // of a node
  std::vector<Word> room_;
  Word* free_ = nullptr;
};

}  // namespace gannet::base
