// First answers by request id: a call that changes something and comes again (a
// client that lost the answer) gets the first answer, and happens once.
//
// Bounded: the oldest answers are forgotten. In memory only; what must survive a
// restart keeps its own record (libs/command). Executor's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/digest.h"

namespace gannet::rpc {

class RequestCache {
 public:
  static constexpr size_t kKept = 10'000;
  static constexpr size_t kMaxAnswerBytes = 64u << 10;            // longer ones are not kept
  using Key = std::tuple<std::string, std::string, std::string>;  // person, method, request id
  using Waiter = std::function<void(const absl::StatusOr<std::string>& answer)>;

  enum class Found : uint8_t {
    kNew,      // the caller does it and calls Answered
    kJoined,   // `waiter` gets the answer: at once if it is there already
    kAnother,  // the id was given to another request
  };
  // `request` is what the id was given to, byte for byte.
  Found Begin(const Key& key, std::string_view request, Waiter waiter);
  // An error is told to all who wait and not kept: the next call tries again.
  void Answered(const Key& key, const absl::StatusOr<std::string>& answer);
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    base::Sha256Digest request{};
    bool answered = false;
    std::string answer;
    std::vector<Waiter> waiters;
  };
  std::map<Key, Entry> entries_;
  std::deque<Key> answered_;  // oldest first
};

}  // namespace gannet::rpc
