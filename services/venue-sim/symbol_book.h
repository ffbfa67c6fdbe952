// One symbol of the venue: its matching engine, its tape and its counters.
#pragma once

#include <string>

#include "libs/matching/matching_engine.h"
#include "services/venue-sim/tape.h"
#include "services/venue-sim/venue_core.h"

namespace gannet::venue_sim {

class VenueCore::SymbolBook : public matching::MatchingObserver {
 public:
  SymbolBook(VenueCore& core, SymbolIndex symbol) : core_(core), symbol_(symbol) {}

  matching::MatchingEngine& engine() { return engine_; }
  Tape& tape() { return tape_; }
  uint64_t update_id() const { return update_id_; }
  uint64_t NextOrderId() { return ++last_order_; }

  // After every call of the engine: tells what is only known at its end.
  void EndOperation() {
    if (core_.events_ == nullptr) return;
    for (; told_aggregate_ < LastAggregate(); ++told_aggregate_) {
      const auto& all = tape_.aggregates();
      const size_t back = LastAggregate() - told_aggregate_;
      if (back <= all.size()) core_.events_->OnAggregate(symbol_, all[all.size() - back]);
    }
    const auto bid = engine_.best(market::Side::kBuy), ask = engine_.best(market::Side::kSell);
    if (bid == told_bid_ && ask == told_ask_) return;
    told_bid_ = bid;
    told_ask_ = ask;
    core_.events_->OnBest(symbol_);
  }

  // MatchingObserver.
  void OnAccepted(const matching::Order& order) override { core_.OnOrderAccepted(symbol_, order); }
  void OnTriggered(const matching::Order& order) override {
    core_.OnOrderTriggered(symbol_, order);
  }
  void OnMatch(const matching::Order& taker, const matching::Order& maker, market::Price price,
               market::Quantity quantity) override {
    core_.OnOrderMatch(symbol_, taker, maker, price.mantissa, quantity.mantissa);
  }
  void OnPrevented(const matching::Order& taker, const matching::Order& maker,
                   market::Quantity) override {
    core_.OnOrderPrevented(symbol_, taker, maker);
  }
  void OnAmended(const matching::Order&) override {}
  void OnDone(const matching::Order& order, matching::Done reason) override {
    core_.OnOrderDone(symbol_, order, reason);
  }
  void OnLevel(market::Side side, market::Price price, market::Quantity quantity) override {
    ++update_id_;
    if (core_.events_ != nullptr)
      core_.events_->OnLevel(symbol_, side, price.mantissa, quantity.mantissa, update_id_);
  }

  void Save(wire::CanonicalWriter& writer) const {
    writer.U64(update_id_);
    writer.U64(last_order_);
    engine_.Save(writer);
    tape_.Save(writer);
  }
  absl::Status Load(wire::CanonicalReader& reader) {
    update_id_ = reader.U64();
    last_order_ = reader.U64();
    if (absl::Status status = engine_.Load(reader); !status.ok()) return status;
    tape_.Load(reader);
    told_aggregate_ = LastAggregate();
    return reader.status();
  }

  std::string cancel_client_order_id;  // of the cancel under way

 private:
  uint64_t LastAggregate() const {
    return tape_.aggregates().empty() ? 0 : tape_.aggregates().back().id;
  }

  VenueCore& core_;
  const SymbolIndex symbol_;
  matching::MatchingEngine engine_{*this};
  Tape tape_;
  uint64_t update_id_ = 0, last_order_ = 0;
  uint64_t told_aggregate_ = 0;
  std::optional<market::Level> told_bid_, told_ask_;
};

}  // namespace gannet::venue_sim
