// Bytes that are written one field after the other: room for most of it in place, so
// that a record costs no allocation, and none of it filled with zeros first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace gannet::base {

template <size_t kInPlace>
class ByteBuffer {
 public:
  ByteBuffer() = default;
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;

  // Where the next `count` bytes may be written; Advance says how many were.
  char* Room(size_t count) {
    if (static_cast<size_t>(end_ - at_) < count) [[unlikely]]
      Grow(count);
    return at_;
  }
  void Advance(char* end) { at_ = end; }
  void Append(const void* bytes, size_t count) {
    char* const out = Room(count);
    if (count > 0) std::memcpy(out, bytes, count);
    at_ = out + count;
  }
  void Append(std::string_view bytes) { Append(bytes.data(), bytes.size()); }
  void Push(char byte) {
    *Room(1) = byte;
    ++at_;
  }
  // Moves what stands from `position` on back by `count` bytes.
  void Insert(size_t position, size_t count) {
    Room(count);
    std::memmove(begin_ + position + count, begin_ + position, size() - position);
    at_ += count;
  }
  // Moves what stands behind `position` + `count` forward to `position`.
  void Remove(size_t position, size_t count) {
    std::memmove(begin_ + position, begin_ + position + count, size() - position - count);
    at_ -= count;
  }

  size_t size() const { return static_cast<size_t>(at_ - begin_); }
  char* data() { return begin_; }
  std::string_view view() const { return {begin_, size()}; }

 private:
  [[gnu::noinline]] void Grow(size_t count) {
    const size_t used = size();
    const size_t capacity = std::max(used + count, 2 * static_cast<size_t>(end_ - begin_));
    std::unique_ptr<char[]> larger(new char[capacity]);
    std::memcpy(larger.get(), begin_, used);
    heap_ = std::move(larger);
    begin_ = heap_.get();
    at_ = begin_ + used;
    end_ = begin_ + capacity;
  }

  char in_place_[kInPlace];
  std::unique_ptr<char[]> heap_;
  char* begin_ = in_place_;
  char* at_ = in_place_;
  char* end_ = in_place_ + kInPlace;
};

}  // namespace gannet::base
