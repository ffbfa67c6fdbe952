// Test helper: writes everything a matching engine tells as one line each.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/matching/matching_engine.h"

namespace gannet::matching {

class RecordingObserver : public MatchingObserver {
 public:
  void OnAccepted(const Order& order) override { Add("accepted", order, ""); }
  void OnTriggered(const Order& order) override { Add("triggered", order, ""); }
  void OnMatch(const Order& taker, const Order& maker, market::Price price,
               market::Quantity quantity) override {
    lines_.push_back("match " + std::to_string(taker.id) + " with " + std::to_string(maker.id) +
                     " at " + std::to_string(price.mantissa) + " x " +
                     std::to_string(quantity.mantissa));
    matches_.push_back({maker.id, taker.id, price.mantissa, quantity.mantissa});
  }
  void OnPrevented(const Order& taker, const Order& maker, market::Quantity quantity) override {
    lines_.push_back("prevented " + std::to_string(taker.id) + " with " + std::to_string(maker.id) +
                     " x " + std::to_string(quantity.mantissa));
  }
  void OnAmended(const Order& order) override { Add("amended", order, ""); }
  void OnDone(const Order& order, Done reason) override {
    static constexpr const char* kNames[] = {"",        "filled",     "canceled",
                                             "expired", "self-trade", "replaced"};
    Add("done", order, kNames[static_cast<size_t>(reason)]);
  }
  void OnLevel(market::Side side, market::Price price, market::Quantity quantity) override {
    if (quantity.mantissa == 0) {
      levels_.erase({side, price});
    } else {
      levels_[{side, price}] = quantity;
    }
  }

  struct MatchLine {
    OrderNumber maker, taker;
    int64_t price, quantity;
  };
  const std::vector<MatchLine>& matches() const { return matches_; }
  const std::vector<std::string>& lines() const { return lines_; }
  std::vector<std::string> Take() {
    matches_.clear();
    return std::exchange(lines_, {});
  }
  // The book as told level by level: must equal the engine's own.
  const std::map<std::pair<market::Side, market::Price>, market::Quantity>& levels() const {
    return levels_;
  }

 private:
  void Add(const char* what, const Order& order, const char* reason) {
    std::string line = std::string(what) + " " + std::to_string(order.id);
    if (*reason != '\0') line += std::string(" ") + reason;
    line += " left " + std::to_string(order.remaining().mantissa);
    lines_.push_back(std::move(line));
  }

  std::vector<std::string> lines_;
  std::vector<MatchLine> matches_;
  std::map<std::pair<market::Side, market::Price>, market::Quantity> levels_;
};

}  // namespace gannet::matching
