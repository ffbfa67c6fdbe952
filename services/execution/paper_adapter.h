// The paper venue behind the order port: own orders against the market that the
// shard sees, by matching::PaperVenue. No byte leaves the process.
//
// Pure. The service hands it the market, the requests that execution sends and the
// time; what it has to say comes out of Take, as answers and stream frames of the
// same form as a real venue's. Its balances are what deposits and the account's
// own fills explain, what closing a perpetual realised among it, so it keeps none itself; after a
// restart its open orders are those that execution knows to be working, put back once the market is
// there.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/matching/paper_venue.h"
#include "libs/venue/order_venue.h"
#include "services/execution/execution_state.h"
#include "services/execution/paper_codec.h"

namespace gannet::execution {

struct PaperAdapterOptions {
  matching::PaperOptions venue;
  std::map<market::AssetId, market::Money> deposits;  // at the first start
  // Of this run of the process: keeps trade and order ids apart from earlier ones.
  uint64_t session = 0;
};

// Closed orders that can still be asked for; the oldest are forgotten.
inline constexpr size_t kMaxPaperRecords = 10'000;

class PaperAdapter : public venue::OrderVenue {
 public:
  explicit PaperAdapter(PaperAdapterOptions options);
  // The engine's state; outlives the adapter. Before anything else is called.
  void Bind(const ExecutionState& state) { state_ = &state; }

  // --- the port -------------------------------------------------------------------
  std::string_view name() const override { return kPaperVenueName; }
  bool Serves(const market::InstrumentId&) const override { return true; }
  const venue::AbsenceRules& absence() const override { return absence_; }
  bool CancelReplaceUnfilled() const override { return false; }
  absl::StatusOr<venue::WireRequest> Place(const market::OrderIntent& intent,
                                           market::Quantity quantity,
                                           const market::Instrument& instrument,
                                           base::Time now) override;
  venue::WireRequest Cancel(const venue::OrderKey& order, base::Time now) override;
  absl::StatusOr<venue::WireRequest> Amend(const venue::Change& change,
                                           const market::Instrument& instrument,
                                           base::Time now) override;
  absl::StatusOr<venue::WireRequest> CancelReplace(const market::OrderIntent& replacement,
                                                   market::Quantity quantity,
                                                   const market::Instrument& instrument,
                                                   base::Time now) override;
  venue::WireRequest QueryOrder(const venue::OrderKey& order, base::Time now) override;
  venue::WireRequest TradesOfOrder(const market::InstrumentId& instrument,
                                   const market::VenueOrderId& order, base::Time now) override;
  venue::WireRequest TradesSince(const market::InstrumentId& instrument, base::Time since,
                                 base::Time now) override;
  venue::WireRequest TradesFrom(const market::InstrumentId& instrument, std::string_view trade_id,
                                base::Time now) override;
  venue::WireRequest OpenOrders(size_t list, base::Time now) override;
  venue::WireRequest Account(base::Time now) override;
  venue::WireRequest ServerTime() override;
  venue::WireRequest Best(const market::InstrumentId& instrument) override;
  venue::WireRequest Subscribe(base::Time now) override;
  venue::Answer DecodeAnswer(const venue::RequestContext& request,
                             const wire::HttpExchange& exchange) override;
  venue::StreamUpdate DecodeFrame(std::string_view frame) override;

  // --- the market, the requests, the time -------------------------------------------
  void OnInstrument(const market::Instrument& instrument);
  void OnBook(const market::BookUpdate& update, base::Time now);
  void OnTrade(const market::Trade& trade, base::Time now);
  // A request that has arrived; `body` is that of its WireRequest.
  void Execute(uint64_t request_id, std::string_view body, base::Time now);
  void Advance(base::Time now);
  base::Time next_deadline() const { return venue_.next_deadline(); }
  // The orders that were working when the process ended. After recovery.
  void Restore();

  using Message = std::variant<wire::HttpExchange, wire::StreamEvent>;
  // What it has to say now, in order. Balances come in a call of their own, after
  // the fills that moved them have been booked: call until nothing comes.
  std::vector<Message> Take(base::Time now);

  struct Stats {
    uint64_t bad_requests = 0, restored = 0, forgotten = 0;
  };
  const Stats& stats() const { return stats_; }

 private:
  struct Record {
    matching::PaperOrder order;
    market::VenueOrderId venue_order_id;
    venue::VenueOrderStatus status = venue::VenueOrderStatus::kNew;
    market::Quantity before;  // filled before this session
    market::Quantity filled;  // in all
    bool open = false, triggered = false;
    base::Time updated{};
    std::vector<venue::TradeUpdate> trades;
  };

  venue::WireRequest Request(PaperRequest request, base::Time now, bool order = false) const;
  void ExecutePlace(uint64_t id, const PaperRequest& request, base::Time now);
  void ExecuteCancel(uint64_t id, const PaperRequest& request, base::Time now);
  void ExecuteAmend(uint64_t id, const PaperRequest& request, base::Time now);
  // `reason`: of a refusal.
  void AnswerAmendment(const Record& record, std::optional<matching::PaperReject> reason);
  venue::Answer AnswerQuery(const PaperRequest& request, base::Time now) const;
  void PutBack(const market::InstrumentId& instrument, base::Time now);
  void Drain();
  void OnEvent(const matching::PaperEvent& event);
  void OnFill(Record& record, const matching::PaperEvent& event);
  std::string Realize(const Record& record, const matching::PaperEvent& event);
  void Close(Record& record, venue::VenueOrderStatus status, base::Time now);
  void Reply(uint64_t id, venue::Answer answer);
  void Refuse(uint64_t id, std::string code, std::string message, bool not_found);
  void Push(std::string frame);  // of the user stream
  void Tell(const Record& record, std::optional<venue::TradeUpdate> trade, std::string what);
  void Touch(const market::InstrumentId& instrument);
  venue::OrderUpdate UpdateOf(const Record& record) const;
  const Record* FindVenueOrder(const market::VenueOrderId& id) const;
  std::string Text(const market::InstrumentId& instrument, market::Price price) const;
  std::string Text(const market::InstrumentId& instrument, market::Quantity quantity) const;
  std::string Number(std::string_view own) const;  // "paper-7" → an id of this session
  market::Money Total(const market::AssetId& asset) const;
  market::Money Locked(const market::AssetId& asset) const;
  venue::BalanceEntry BalanceOf(const market::AssetId& asset) const;
  std::set<market::AssetId> Assets() const;
  // Of derivatives; nothing: none was ever held.
  std::optional<std::vector<venue::PositionEntry>> Positions() const;

  const PaperAdapterOptions options_;
  const ExecutionState* state_ = nullptr;
  const venue::AbsenceRules absence_;
  matching::PaperVenue venue_;
  market::Instruments instruments_;
  // Those of derivatives as of the last fill made, which is not booked yet.
  market::Positions positions_;
  std::map<market::ClientOrderId, Record> records_;
  std::set<market::ClientOrderId> open_, waiting_;  // of the records
  std::deque<market::ClientOrderId> closed_;
  std::map<market::ClientOrderId, uint64_t> placing_;
  std::map<market::ClientOrderId, std::deque<uint64_t>> cancelling_, amending_;
  std::vector<Message> messages_;
  std::set<market::AssetId> touched_;
  base::Time now_{};
  Stats stats_;
};

}  // namespace gannet::execution
