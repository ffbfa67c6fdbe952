// The SHA-256 over everything that was decided about orders: the canonical bytes
// of header and value of each intent, verdict and execution report, in order
// (docs/canonical.md). Two runs over the same inputs must print the same.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "libs/base/digest.h"
#include "libs/runtime/shard.h"

namespace gannet::app {

class DecisionsHash {
 public:
  DecisionsHash() = default;
  // Observes `shard`, which must not outlive this.
  explicit DecisionsHash(runtime::Shard& shard);
  DecisionsHash(const DecisionsHash&) = delete;
  DecisionsHash& operator=(const DecisionsHash&) = delete;

  // `event` is a market::Event of the topic; those of other topics change nothing.
  void Observe(const bus::TopicInfo& topic, const void* event);

  std::string Hex() const { return base::Hex(hash_.Peek()); }
  uint64_t intents() const { return intents_; }
  uint64_t permitted() const { return permitted_; }
  uint64_t rejected() const { return rejected_; }
  uint64_t reports() const { return reports_; }
  uint64_t fills() const { return fills_; }
  // Of the verdicts that refused, by their first reason: how many, and what the
  // first of them said.
  struct Refusals {
    uint64_t count = 0;
    std::string first_detail;
  };
  const std::map<market::RejectReason, Refusals>& refusals() const { return refusals_; }

 private:
  void Add(std::string_view topic, const std::string& header, const std::string& value);

  base::Sha256Stream hash_;
  uint64_t intents_ = 0, permitted_ = 0, rejected_ = 0, reports_ = 0, fills_ = 0;
  std::map<market::RejectReason, Refusals> refusals_;
};

}  // namespace gannet::app
