// An identifier that is text on every wire and in every file, with a type of
// its own so that an account never passes for an instrument.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <utility>

namespace gannet::base {

template <class Tag>
class TextId {
 public:
  TextId() = default;
  explicit TextId(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const TextId&) const = default;
  template <class H>
  friend H AbslHashValue(H h, const TextId& id) {
    return H::combine(std::move(h), id.text_);
  }

 private:
  std::string text_;
};

}  // namespace gannet::base
