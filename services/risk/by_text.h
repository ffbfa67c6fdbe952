// Finds rows of a deque by a text that they hold, without a copy of it in the index:
//   absl::flat_hash_set<Index, ByText<Row, &Row::name>, ByText<Row, &Row::name>>
// made with {&rows} for both. The deque outlives the index; a row's text stands while
// its number is there.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>

#include "absl/hash/hash.h"

namespace gannet::risk {

template <class Row, auto text>  // of a member with text()
struct ByText {
  using is_transparent = void;
  const std::deque<Row>* rows;
  std::string_view Text(uint32_t row) const { return ((*rows)[row].*text).text(); }
  static std::string_view Text(std::string_view given) { return given; }
  template <class T>
  size_t operator()(const T& one) const {
    return absl::Hash<std::string_view>()(Text(one));
  }
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return Text(a) == Text(b);
  }
};

}  // namespace gannet::risk
