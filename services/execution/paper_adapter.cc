#include "services/execution/paper_adapter.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/venue/answer_parts.h"

namespace gannet::execution {
namespace {

using market::Money;
using matching::PaperEventKind;
using venue::OutcomeClass;
using venue::RequestKind;
using venue::VenueOrderStatus;

constexpr uint64_t kIdsPerSession = 1'000'000'000'000;
constexpr base::Duration kReceiveWindow = std::chrono::seconds(2);

venue::Answer Confirmed() {
  venue::Answer answer;
  answer.outcome = OutcomeClass::kConfirmed;
  return answer;
}

// By the venue's id where the key has it.
PaperRequest About(RequestKind kind, const venue::OrderKey& order) {
  PaperRequest request{.kind = kind, .venue_order = order.venue_order_id};
  request.order.instrument = order.instrument;
  if (order.venue_order_id.empty()) request.order.client_order_id = order.client_order_id;
  return request;
}

}  // namespace

PaperAdapter::PaperAdapter(PaperAdapterOptions options)
    : options_(std::move(options)), venue_(options_.venue) {}

// --- requests --------------------------------------------------------------------

venue::WireRequest PaperAdapter::Request(PaperRequest request, base::Time now, bool order) const {
  venue::WireRequest wire;
  wire.kind = request.kind;
  wire.method = request.kind == RequestKind::kSubscribe ? "" : "PAPER";
  wire.target =
      absl::StrCat("/", venue::Name(request.kind), "/", request.order.client_order_id.text());
  wire.body = EncodePaper(request);
  wire.timestamp = now;
  wire.receive_window = kReceiveWindow;
  wire.weight = 0;  // nobody counts
  wire.counts_as_order = order;
  return wire;
}

absl::StatusOr<venue::WireRequest> PaperAdapter::Place(const market::OrderIntent& intent,
                                                       market::Quantity quantity,
                                                       const market::Instrument&, base::Time now) {
  if (intent.type == market::OrderType::kTrailingStop) {
    return absl::InvalidArgumentError("the paper venue has no trailing stops; send a stop order");
  }
  PaperRequest request;
  request.kind = RequestKind::kPlace;
  request.order.client_order_id = intent.client_order_id;
  request.order.instrument = intent.instrument;
  request.order.side = intent.side;
  request.order.type = intent.type;
  request.order.time_in_force = intent.time_in_force;
  request.order.price = intent.price;
  request.order.stop_price = intent.stop_price;
  request.order.quantity = quantity;
  request.order.expires = intent.expires;
  request.order.reduce_only = intent.reduce_only;
  return Request(std::move(request), now, /*order=*/true);
}

venue::WireRequest PaperAdapter::Cancel(const venue::OrderKey& order, base::Time now) {
  return Request(About(RequestKind::kCancel, order), now);
}

absl::StatusOr<venue::WireRequest> PaperAdapter::Amend(const venue::Change& change,
                                                       const market::Instrument&, base::Time now) {
  PaperRequest request = About(RequestKind::kAmend, change.order);
  request.order.price = change.price;
  request.order.quantity = change.quantity;
  return Request(std::move(request), now, /*order=*/true);
}

absl::StatusOr<venue::WireRequest> PaperAdapter::CancelReplace(const market::OrderIntent&,
                                                               market::Quantity,
                                                               const market::Instrument&,
                                                               base::Time) {
  return absl::InvalidArgumentError("the paper venue replaces in two steps");
}

venue::WireRequest PaperAdapter::QueryOrder(const venue::OrderKey& order, base::Time now) {
  return Request(About(RequestKind::kQueryOrder, order), now);
}

venue::WireRequest PaperAdapter::TradesOfOrder(const market::InstrumentId& instrument,
                                               const market::VenueOrderId& order, base::Time now) {
  PaperRequest request{.kind = RequestKind::kTrades, .venue_order = order};
  request.order.instrument = instrument;
  return Request(std::move(request), now);
}

venue::WireRequest PaperAdapter::TradesSince(const market::InstrumentId& instrument,
                                             base::Time since, base::Time now) {
  PaperRequest request{.kind = RequestKind::kTrades, .since = since};
  request.order.instrument = instrument;
  return Request(std::move(request), now);
}

venue::WireRequest PaperAdapter::TradesFrom(const market::InstrumentId& instrument,
                                            std::string_view trade_id, base::Time now) {
  PaperRequest request{.kind = RequestKind::kTrades, .trade_id = std::string(trade_id)};
  request.order.instrument = instrument;
  return Request(std::move(request), now);
}

venue::WireRequest PaperAdapter::OpenOrders(size_t, base::Time now) {
  return Request({.kind = RequestKind::kOpenOrders}, now);
}
venue::WireRequest PaperAdapter::Account(base::Time now) {
  return Request({.kind = RequestKind::kAccount}, now);
}
venue::WireRequest PaperAdapter::ServerTime() {
  return Request({.kind = RequestKind::kServerTime}, {});
}

venue::WireRequest PaperAdapter::Best(const market::InstrumentId& instrument) {
  PaperRequest request{.kind = RequestKind::kMarketData};
  request.order.instrument = instrument;
  return Request(std::move(request), {});
}
venue::WireRequest PaperAdapter::Subscribe(base::Time now) {
  return Request({.kind = RequestKind::kSubscribe}, now);
}

venue::Answer PaperAdapter::DecodeAnswer(const venue::RequestContext& request,
                                         const wire::HttpExchange& exchange) {
  venue::Answer answer;
  if (!exchange.transport_error.empty()) {
    answer.code = "transport";
    answer.message = exchange.transport_error;
  } else if (absl::StatusOr<venue::Answer> read = DecodePaperAnswer(exchange.body); read.ok()) {
    answer = *std::move(read);
  } else {
    answer.code = "unparsable";
    answer.message = std::string(read.status().message());
  }
  answer.evidence = absl::StrCat("paper:", venue::Name(request.kind), " #", request.request_id);
  return answer;
}

venue::StreamUpdate PaperAdapter::DecodeFrame(std::string_view frame) {
  absl::StatusOr<venue::StreamUpdate> update = DecodePaperFrame(frame);
  if (update.ok()) return *std::move(update);
  venue::StreamUpdate bad;
  bad.kind = venue::StreamKind::kBadFrame;
  bad.detail = std::string(update.status().message());
  return bad;
}

// --- the market ---------------------------------------------------------------------

void PaperAdapter::OnInstrument(const market::Instrument& instrument) {
  instruments_.Put(instrument);
  venue_.OnInstrument(instrument);
}

void PaperAdapter::OnBook(const market::BookUpdate& update, base::Time now) {
  now_ = std::max(now_, now);
  venue_.OnBook(update, now);
  if (update.state == market::BookState::kValid) PutBack(update.instrument, now);
  Drain();
}

void PaperAdapter::OnTrade(const market::Trade& trade, base::Time now) {
  now_ = std::max(now_, now);
  venue_.OnTrade(trade, now);
  Drain();
}

void PaperAdapter::Advance(base::Time now) {
  now_ = std::max(now_, now);
  venue_.Advance(now);
  Drain();
}

void PaperAdapter::Restore() {
  for (const market::ClientOrderId& id : state_->open()) {
    const TrackedOrder& order = *state_->Find(id);
    const market::OrderState working = order.life.working();
    const bool works = working == market::OrderState::kAccepted ||
                       working == market::OrderState::kTriggered ||
                       working == market::OrderState::kPartiallyFilled;
    if (order.external || !works) continue;  // what was not confirmed was never taken
    Record& record = records_[id];
    record.order.client_order_id = id;
    record.order.instrument = order.intent.instrument;
    record.order.side = order.intent.side;
    record.order.type = order.intent.type;
    record.order.time_in_force = market::TimeInForce::kGtc;  // it rests: how it came to is past
    record.order.price = order.price;
    record.order.stop_price = order.intent.stop_price;
    record.order.quantity = order.quantity;
    record.order.reduce_only = order.intent.reduce_only;
    record.venue_order_id = order.venue_order_id;
    record.before = record.filled = order.cumulative;
    record.triggered = order.triggered;
    record.open = true;
    open_.insert(id);
    waiting_.insert(id);
    record.status =
        order.cumulative.mantissa > 0 ? VenueOrderStatus::kPartiallyFilled : VenueOrderStatus::kNew;
    ++stats_.restored;
  }
}

// Orders of the last session return to the end of the queue: nothing else can be
// known about their place.
void PaperAdapter::PutBack(const market::InstrumentId& instrument, base::Time now) {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const Record& record = records_.at(*at);
    if (record.order.instrument != instrument) {
      ++at;
      continue;
    }
    at = waiting_.erase(at);
    matching::PaperOrder order = record.order;
    order.quantity = record.order.quantity - record.before;
    if (record.triggered) {
      order.type = order.type == market::OrderType::kStopLimit ||
                           order.type == market::OrderType::kTakeProfitLimit
                       ? market::OrderType::kLimit
                       : market::OrderType::kMarket;
    }
    venue_.Submit(order, now);
  }
}

// --- requests that arrive -------------------------------------------------------------

void PaperAdapter::Execute(uint64_t request_id, std::string_view body, base::Time now) {
  now_ = std::max(now_, now);
  const absl::StatusOr<PaperRequest> request = DecodePaperRequest(body);
  if (!request.ok()) {
    ++stats_.bad_requests;
    return Refuse(request_id, "bad-request", std::string(request.status().message()), false);
  }
  switch (request->kind) {
    case RequestKind::kPlace:
      ExecutePlace(request_id, *request, now);
      break;
    case RequestKind::kCancel:
      ExecuteCancel(request_id, *request, now);
      break;
    case RequestKind::kAmend:
      ExecuteAmend(request_id, *request, now);
      break;
    case RequestKind::kSubscribe: {
      venue::StreamUpdate update;
      update.kind = venue::StreamKind::kSubscribed;
      Push(EncodePaper(update));
      break;
    }
    default:
      Reply(request_id, AnswerQuery(*request, now));
  }
  Drain();
}

void PaperAdapter::ExecutePlace(uint64_t id, const PaperRequest& request, base::Time now) {
  const market::ClientOrderId& client_id = request.order.client_order_id;
  if (records_.contains(client_id) || placing_.contains(client_id)) {
    return Refuse(id, Name(matching::PaperReject::kDuplicate), "that client order id is known",
                  false);
  }
  placing_[client_id] = id;
  Record& record = records_[client_id];
  record.order = request.order;
  venue_.Submit(request.order, now);
}

void PaperAdapter::ExecuteCancel(uint64_t id, const PaperRequest& request, base::Time now) {
  const Record* by_venue_id =
      request.venue_order.empty() ? nullptr : FindVenueOrder(request.venue_order);
  const auto found = records_.find(by_venue_id != nullptr ? by_venue_id->order.client_order_id
                                                          : request.order.client_order_id);
  if (found == records_.end() || (!found->second.open && !placing_.contains(found->first))) {
    return Refuse(id, Name(matching::PaperReject::kUnknownOrder), "no such open order", true);
  }
  Record& record = found->second;
  if (waiting_.erase(found->first) > 0) {
    Close(record, VenueOrderStatus::kCanceled, now);
    venue::Answer answer = Confirmed();
    answer.orders.push_back(UpdateOf(record));
    return Reply(id, std::move(answer));
  }
  cancelling_[found->first].push_back(id);
  venue_.Cancel(found->first, now);
}

void PaperAdapter::ExecuteAmend(uint64_t id, const PaperRequest& request, base::Time now) {
  const Record* by_venue_id =
      request.venue_order.empty() ? nullptr : FindVenueOrder(request.venue_order);
  const auto found = records_.find(by_venue_id != nullptr ? by_venue_id->order.client_order_id
                                                          : request.order.client_order_id);
  if (found == records_.end() || !found->second.open) {
    return Refuse(id, Name(matching::PaperReject::kUnknownOrder), "no such open order", true);
  }
  const Record& record = found->second;
  if (waiting_.contains(found->first)) {
    return Refuse(id, Name(matching::PaperReject::kNoMarket),
                  "the order waits for a book to return to", false);
  }
  amending_[found->first].push_back(id);
  venue_.Amend(found->first, request.order.price, request.order.quantity - record.before, now);
}

venue::Answer PaperAdapter::AnswerQuery(const PaperRequest& request, base::Time now) const {
  venue::Answer answer = Confirmed();
  switch (request.kind) {
    case RequestKind::kQueryOrder: {
      const auto found = records_.find(request.order.client_order_id);
      const Record* record = !request.venue_order.empty() ? FindVenueOrder(request.venue_order)
                             : found == records_.end() || placing_.contains(found->first)
                                 ? nullptr
                                 : &found->second;
      if (record == nullptr) {
        answer.outcome = OutcomeClass::kRefused;
        answer.code = "not-found";
        answer.not_found = true;
      } else {
        answer.orders.push_back(UpdateOf(*record));
      }
      break;
    }
    case RequestKind::kTrades:
      for (const auto& [id, record] : records_) {
        if (record.order.instrument != request.order.instrument) continue;
        if (!request.venue_order.empty() && record.venue_order_id != request.venue_order) continue;
        for (const venue::TradeUpdate& trade : record.trades) {
          const bool wanted = trade.time >= request.since &&
                              (request.trade_id.empty() ||
                               TradeNumber(trade.trade_id) >= TradeNumber(request.trade_id));
          if (wanted) answer.trades.push_back(trade);
        }
      }
      std::sort(answer.trades.begin(), answer.trades.end(), [](const auto& a, const auto& b) {
        return TradeNumber(a.trade_id) < TradeNumber(b.trade_id);
      });
      break;
    case RequestKind::kOpenOrders:
      for (const market::ClientOrderId& id : open_)
        answer.orders.push_back(UpdateOf(records_.at(id)));
      break;
    case RequestKind::kAccount:
      for (const market::AssetId& asset : Assets()) answer.balances.push_back(BalanceOf(asset));
      answer.balances_time = now;
      answer.positions = Positions();
      break;
    case RequestKind::kServerTime:
      answer.server_time = now;
      break;
    case RequestKind::kMarketData: {
      venue::BestPrices& best = answer.best.emplace();
      const market::InstrumentId& instrument = request.order.instrument;
      if (const auto bid = venue_.Best(instrument, market::Side::kBuy))
        best.bid = Text(instrument, bid->price);
      if (const auto ask = venue_.Best(instrument, market::Side::kSell))
        best.ask = Text(instrument, ask->price);
      break;
    }
    default:
      break;
  }
  return answer;
}

// --- events -----------------------------------------------------------------------------

void PaperAdapter::Drain() {
  for (const matching::PaperEvent& event : venue_.Take()) OnEvent(event);
}

void PaperAdapter::OnEvent(const matching::PaperEvent& event) {
  const auto found = records_.find(event.client_order_id);
  if (found == records_.end()) return;
  Record& record = found->second;
  const auto placing = placing_.extract(event.client_order_id);
  Touch(record.order.instrument);
  switch (event.kind) {
    case PaperEventKind::kAccepted:
      record.open = true;
      open_.insert(event.client_order_id);
      record.updated = event.time;
      if (placing.empty()) return;  // put back: nobody asked
      record.venue_order_id = market::VenueOrderId(Number(event.venue_order_id.text()));
      {
        venue::Answer answer = Confirmed();
        answer.orders.push_back(UpdateOf(record));
        Reply(placing.mapped(), std::move(answer));
      }
      return;
    case PaperEventKind::kRejected:
      if (placing.empty()) {  // it cannot return: the market has moved past it
        Close(record, VenueOrderStatus::kExpired, event.time);
        return Tell(record, std::nullopt, "EXPIRED");
      }
      Refuse(placing.mapped(), Name(event.reason), "the paper venue refuses the order", false);
      records_.erase(found);
      return;
    case PaperEventKind::kFill:
      return OnFill(record, event);
    case PaperEventKind::kAmended:
      record.order.price = event.price;
      record.order.quantity = record.before + event.quantity;
      record.updated = event.time;
      return AnswerAmendment(record, std::nullopt);
    case PaperEventKind::kAmendRejected:
      return AnswerAmendment(record, event.reason);
    case PaperEventKind::kTriggered:
      record.triggered = true;
      record.updated = event.time;
      return Tell(record, std::nullopt, "TRIGGERED");
    case PaperEventKind::kExpired:
      Close(record, VenueOrderStatus::kExpired, event.time);
      return Tell(record, std::nullopt, "EXPIRED");
    case PaperEventKind::kCanceled:
    case PaperEventKind::kCancelRejected:
      break;
  }
  const bool canceled = event.kind == PaperEventKind::kCanceled;
  if (canceled) Close(record, VenueOrderStatus::kCanceled, event.time);
  std::deque<uint64_t>& asked = cancelling_[event.client_order_id];
  if (asked.empty()) {
    if (canceled) Tell(record, std::nullopt, "CANCELED");
  } else {
    const uint64_t id = asked.front();
    asked.pop_front();
    if (canceled) {
      venue::Answer answer = Confirmed();
      answer.orders.push_back(UpdateOf(record));
      Reply(id, std::move(answer));
    } else {
      Refuse(id, Name(event.reason), "no such open order", true);
    }
  }
  if (asked.empty()) cancelling_.erase(event.client_order_id);
}

void PaperAdapter::AnswerAmendment(const Record& record,
                                   std::optional<matching::PaperReject> reason) {
  const auto asked = amending_.find(record.order.client_order_id);
  if (asked == amending_.end()) return;
  const uint64_t id = asked->second.front();
  asked->second.pop_front();
  if (asked->second.empty()) amending_.erase(asked);
  if (reason) {
    return Refuse(id, Name(*reason), "the paper venue refuses the change",
                  *reason == matching::PaperReject::kUnknownOrder);
  }
  venue::Answer answer = Confirmed();
  answer.orders.push_back(UpdateOf(record));
  Reply(id, std::move(answer));
}

void PaperAdapter::OnFill(Record& record, const matching::PaperEvent& event) {
  record.filled = record.before + event.cumulative;
  record.updated = event.time;
  record.status = record.filled >= record.order.quantity ? VenueOrderStatus::kFilled
                                                         : VenueOrderStatus::kPartiallyFilled;
  venue::TradeUpdate trade;
  trade.instrument = record.order.instrument;
  trade.venue_order_id = record.venue_order_id;
  trade.trade_id = Number(event.trade_id);
  trade.side = record.order.side;
  trade.side_known = true;
  trade.price = Text(record.order.instrument, event.price);
  trade.quantity = Text(record.order.instrument, event.quantity);
  trade.fee = event.fee.ToString();
  trade.fee_asset = event.fee_asset;
  trade.liquidity = event.liquidity;
  trade.realized = Realize(record, event);
  trade.time = event.time;
  record.trades.push_back(trade);
  if (!event.fee_asset.empty()) touched_.insert(event.fee_asset);
  if (record.status == VenueOrderStatus::kFilled)
    Close(record, VenueOrderStatus::kFilled, event.time);
  Tell(record, std::move(trade), "TRADE");
}

// What the fill adds to the balance of the settlement asset by closing a position, first in
// first out: what `state_` will say once it is booked, and several may be made before that.
std::string PaperAdapter::Realize(const Record& record, const matching::PaperEvent& event) {
  const market::InstrumentId& id = record.order.instrument;
  const market::Instrument* instrument = instruments_.Find(id);
  const TrackedOrder* order = state_->Find(record.order.client_order_id);
  if (instrument == nullptr || order == nullptr ||
      instrument->kind == market::InstrumentKind::kSpot)
    return {};
  const market::PositionKey key{order->intent.account, order->intent.strategy, id};
  if (const auto* booked = state_->positions().Find(key);
      booked != nullptr && positions_.Find(key) == nullptr)
    positions_.Restore(key, *booked);
  const market::Position* known = positions_.Find(key);
  const Money before = known == nullptr ? Money() : known->realized;
  market::Fill fill;
  fill.trade_id = event.trade_id;
  fill.price = event.price;
  fill.quantity = event.quantity;
  fill.fee = event.fee;
  fill.fee_asset = event.fee_asset;
  if (!positions_.Apply(key, *instrument, record.order.side, fill).ok()) return {};
  const Money realized = positions_.Find(key)->realized - before;
  return realized.zero() ? std::string() : realized.ToString();
}

void PaperAdapter::Close(Record& record, VenueOrderStatus status, base::Time now) {
  record.status = status;
  record.open = false;
  record.updated = now;
  open_.erase(record.order.client_order_id);
  closed_.push_back(record.order.client_order_id);
  while (closed_.size() > kMaxPaperRecords) {
    records_.erase(closed_.front());
    closed_.pop_front();
    ++stats_.forgotten;
  }
}

void PaperAdapter::Reply(uint64_t id, venue::Answer answer) {
  wire::HttpExchange exchange;
  exchange.request_id = id;
  exchange.status = 200;
  exchange.body = EncodePaper(answer);
  messages_.push_back(std::move(exchange));
}

void PaperAdapter::Refuse(uint64_t id, std::string code, std::string message, bool not_found) {
  venue::Answer answer;
  answer.outcome = OutcomeClass::kRefused;
  answer.code = std::move(code);
  answer.message = std::move(message);
  answer.not_found = not_found;
  Reply(id, std::move(answer));
}

void PaperAdapter::Push(std::string frame) {
  // Named: g++ 12 at -O2 takes an unnamed one for uninitialised.
  wire::StreamEvent event{"own", wire::StreamEvent::Kind::kFrame, std::move(frame)};
  messages_.emplace_back(std::move(event));
}

void PaperAdapter::Tell(const Record& record, std::optional<venue::TradeUpdate> trade,
                        std::string what) {
  venue::StreamUpdate update;
  update.kind = venue::StreamKind::kOrder;
  update.evidence = absl::StrCat("paper:", record.venue_order_id.text(), ":", what,
                                 trade ? ":" : "", trade ? trade->trade_id : "");
  update.time = record.updated;
  update.order = UpdateOf(record);
  update.order->trade = std::move(trade);
  Push(EncodePaper(update));
}

std::vector<PaperAdapter::Message> PaperAdapter::Take(base::Time now) {
  if (messages_.empty() && !touched_.empty()) {
    venue::StreamUpdate update;
    update.kind = venue::StreamKind::kBalances;
    update.evidence = "paper:balances";
    update.time = std::max(now_, now);
    for (const market::AssetId& asset : touched_) update.balances.push_back(BalanceOf(asset));
    touched_.clear();
    Push(EncodePaper(update));
  }
  return std::exchange(messages_, {});
}

// --- views --------------------------------------------------------------------------------

venue::OrderUpdate PaperAdapter::UpdateOf(const Record& record) const {
  const matching::PaperOrder& order = record.order;
  venue::OrderUpdate update;
  update.instrument = order.instrument;
  update.client_order_id = order.client_order_id;
  update.venue_order_id = record.venue_order_id;
  update.side = order.side;
  update.type = order.type;
  update.time_in_force = order.time_in_force;
  update.status = record.status;
  update.price = Text(order.instrument, order.price);
  update.stop_price = Text(order.instrument, order.stop_price);
  update.quantity = Text(order.instrument, order.quantity);
  update.cumulative = Text(order.instrument, record.filled);
  if (order.stop_price.mantissa != 0) update.triggered = record.triggered;
  update.time = record.updated;
  return update;
}

const PaperAdapter::Record* PaperAdapter::FindVenueOrder(const market::VenueOrderId& id) const {
  for (const auto& [client_id, record] : records_) {
    if (record.venue_order_id == id) return &record;
  }
  return nullptr;
}

std::string PaperAdapter::Text(const market::InstrumentId& instrument, market::Price price) const {
  const market::Instrument* definition = instruments_.Find(instrument);
  return definition == nullptr ? std::string() : definition->Format(price);
}

std::string PaperAdapter::Text(const market::InstrumentId& instrument,
                               market::Quantity quantity) const {
  const market::Instrument* definition = instruments_.Find(instrument);
  return definition == nullptr ? std::string() : definition->Format(quantity);
}

std::string PaperAdapter::Number(std::string_view own) const {
  const size_t dash = own.rfind('-');
  const std::optional<uint64_t> number =
      TradeNumber(std::string(own.substr(dash == std::string_view::npos ? 0 : dash + 1)));
  return absl::StrCat(options_.session * kIdsPerSession + number.value_or(0));
}

void PaperAdapter::Touch(const market::InstrumentId& instrument) {
  const market::Instrument* definition = instruments_.Find(instrument);
  if (definition == nullptr) return;
  if (definition->kind == market::InstrumentKind::kSpot) {
    touched_.insert(definition->base);
    touched_.insert(definition->quote);
  } else {
    touched_.insert(definition->settle);
  }
}

Money PaperAdapter::Total(const market::AssetId& asset) const {
  const auto deposit = options_.deposits.find(asset);
  if (state_->baseline()) return state_->Explained(asset);
  return deposit == options_.deposits.end() ? Money() : deposit->second;
}

Money PaperAdapter::Locked(const market::AssetId& asset) const {
  Money locked;
  for (const market::ClientOrderId& id : open_) {
    const Record& record = records_.at(id);
    const market::Instrument* instrument = instruments_.Find(record.order.instrument);
    if (instrument == nullptr || instrument->kind != market::InstrumentKind::kSpot) continue;
    const market::Quantity rest = record.order.quantity - record.filled;
    if (record.order.side == market::Side::kSell && instrument->base == asset)
      locked += instrument->BaseAmount(rest);
    if (record.order.side == market::Side::kBuy && instrument->quote == asset) {
      locked +=
          instrument->Notional(record.order.price, rest, market::Rounding::kUp).value_or(Money());
    }
  }
  return locked;
}

venue::BalanceEntry PaperAdapter::BalanceOf(const market::AssetId& asset) const {
  const Money locked = Locked(asset);
  return {asset, Total(asset) - locked, locked};
}

std::set<market::AssetId> PaperAdapter::Assets() const {
  std::set<market::AssetId> assets;
  for (const auto& [asset, amount] : options_.deposits) assets.insert(asset);
  for (const auto& [asset, balance] : state_->balances()) assets.insert(asset);
  return assets;
}

std::optional<std::vector<venue::PositionEntry>> PaperAdapter::Positions() const {
  std::optional<std::vector<venue::PositionEntry>> out;
  for (const market::InstrumentId& id : state_->HeldInstruments()) {
    const market::Instrument* instrument = instruments_.Find(id);
    if (instrument == nullptr || instrument->kind == market::InstrumentKind::kSpot) continue;
    if (!out) out.emplace();
    Money held = state_->HeldPosition(id);
    for (const auto& [key, made] : positions_.all()) {  // fills that are not booked yet
      const market::Position* booked = state_->positions().Find(key);
      if (key.instrument == id)
        held += NetOf(made) - (booked == nullptr ? Money() : NetOf(*booked));
    }
    if (!held.zero()) venue::AddPosition(*out, id, held.ToString());
  }
  return out;
}

}  // namespace gannet::execution
