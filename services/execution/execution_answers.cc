// What the venue says, booked: answers, order updates, trades.
#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "libs/venue/answer_parts.h"
#include "services/execution/execution_engine.h"

namespace gannet::execution {
namespace {

using market::ExecKind;
using market::OrderState;
using venue::OutcomeClass;
using venue::VenueOrderStatus;

// Trades kept of venue orders that are not named yet; more than any gap holds.
constexpr size_t kMaxUnnamedOrders = 10'000;
// All trades of a millisecond are in a list that is asked for this much later.
constexpr base::Duration kListedWithin = std::chrono::seconds(5);

// "not sent: 7: words" → its parts.
std::optional<Block> ParseNotSent(std::string_view error) {
  if (!error.starts_with(kNotSentPrefix)) return std::nullopt;
  error.remove_prefix(kNotSentPrefix.size());
  int reason = 0;
  const auto parsed = std::from_chars(error.data(), error.data() + error.size(), reason);
  if (parsed.ec != std::errc()) return Block{market::RejectReason::kGateClosed, std::string(error)};
  error.remove_prefix(static_cast<size_t>(parsed.ptr - error.data()));
  if (error.starts_with(": ")) error.remove_prefix(2);
  return Block{static_cast<market::RejectReason>(reason), std::string(error)};
}

// An amount with as many digits as it is written with; nothing beyond 18.
std::optional<market::Money> AmountOf(std::string_view text) {
  if (text.empty()) return market::Money();
  const size_t point = text.find('.');
  const size_t digits = point == std::string_view::npos ? 0 : text.size() - point - 1;
  const int scale = static_cast<int>(std::clamp<size_t>(digits, 8, market::kMaxScale));
  const auto units = market::ParseDecimal128(text, scale);
  if (!units) return std::nullopt;
  return market::Money(*units, scale);
}

venue::LegOutcome LegOf(const venue::Answer& answer) {
  venue::LegOutcome leg;
  leg.outcome = answer.outcome;
  leg.code = answer.code;
  leg.message = answer.message;
  if (!answer.orders.empty()) leg.order = answer.orders.front();
  return leg;
}

template <class T>
void Append(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

// Two parts of one answer. Times are those of the first.
venue::Answer Joined(venue::Answer first, venue::Answer second) {
  Append(first.orders, second.orders);
  Append(first.trades, second.trades);
  Append(first.balances, second.balances);
  Append(first.changes, second.changes);
  first.changes_until = std::max(first.changes_until, second.changes_until);
  if (second.positions) {
    if (!first.positions) first.positions.emplace();
    // Sides of one instrument that are kept apart may come on two pages.
    for (const venue::PositionEntry& entry : *second.positions)
      venue::AddPosition(*first.positions, entry);
  }
  if (first.unfit.empty()) first.unfit = std::move(second.unfit);
  first.cursor = std::move(second.cursor);
  return first;
}

bool Works(VenueOrderStatus status) {
  return status == VenueOrderStatus::kNew || status == VenueOrderStatus::kPendingNew ||
         status == VenueOrderStatus::kPartiallyFilled;
}

// Over, and by the word of its end the venue never had it.
bool EndedUntaken(const TrackedOrder& order) {
  const OrderState state = order.life.state();
  return state == OrderState::kDenied || state == OrderState::kRejected ||
         state == OrderState::kAbsent;
}

std::string Words(const venue::LegOutcome& leg) {
  if (leg.code.empty()) return leg.message;
  return leg.message.empty() ? leg.code : absl::StrCat(leg.code, " ", leg.message);
}

}  // namespace

void ExecutionEngine::OnHttp(const wire::HttpExchange& exchange, const market::Header& cause,
                             base::Time now) {
  Enter(cause, now);
  const auto found = in_flight_.find(exchange.request_id);
  if (found == in_flight_.end()) {
    ++stats_.unexpected_answers;
    return;
  }
  const InFlight request = std::move(found->second);
  in_flight_.erase(found);
  if (exchange.transport_error.starts_with(kAnewPrefix)) {
    SendAnew(request, std::string_view(exchange.transport_error).substr(kAnewPrefix.size()));
    return StepStops();
  }
  if (const std::optional<Block> block = ParseNotSent(exchange.transport_error)) {
    OnNotSent(request, *block);
    return StepStops();
  }
  venue::Answer answer = venue_.DecodeAnswer(request.context, exchange);
  budget_.Report(answer.rate, request.context.kind, request.sent_at, now_);
  NotePause();
  if (venue_.RefusesClock(answer.code)) DoubtClock();
  if (AskNextPart(request, answer)) return;
  OnAnswer(request, answer);
  StepStops();
}

// So that the process after this one waits as well.
void ExecutionEngine::NotePause() {
  const PauseNote pause = budget_.pauses(now_);
  if (pause.last() > now_ && pause != state_.pause()) EmitNote(ToNote(pause));
}

bool ExecutionEngine::AskNextPart(const InFlight& request, venue::Answer& answer) {
  if (answer.outcome != OutcomeClass::kConfirmed) return false;
  std::optional<venue::OrderVenue::Part> next =
      venue_.NextPart(request.context, answer, VenueNow());
  if (request.gathered) answer = Joined(*request.gathered, std::move(answer));
  if (!next) return false;
  const venue::WireRequest& wire = next->request;
  const bool reserved =
      request.purpose == Purpose::kDeadMan || request.purpose == Purpose::kStopAccount;
  const auto use = reserved ? RateBudget::Use::kCancel : RateBudget::Use::kNormal;
  if (request.parts >= kMaxParts || !budget_.Take(wire, use, now_)) {
    // Half an answer is none.
    const std::string why =
        request.parts >= kMaxParts ? "it has too many pages" : "no room to ask on";
    answer = venue::Answer{.evidence = answer.evidence, .message = why};
    return false;
  }
  InFlight rest = request;
  rest.context.part = next->part;
  rest.context.request_id = kQueryBit | ++queries_;
  rest.gathered = std::make_shared<venue::Answer>(std::move(answer));
  ++rest.parts;
  const uint64_t id = rest.context.request_id;
  in_flight_.emplace(id, std::move(rest));
  out_.Send(OutgoingRequest{.id = id, .wire = std::move(next->request)});
  return true;
}

void ExecutionEngine::OnNotSent(const InFlight& request, const Block& block) {
  const ReportExtra extra{
      .detail = block.text, .evidence = "local:no byte left", .local_reason = block.reason};
  switch (request.purpose) {
    case Purpose::kPlace:
      Step(request.context.client_order_id, ExecKind::kNotSent, extra);
      return;
    case Purpose::kPlaceBatch:
      for (const market::ClientOrderId& id : request.context.targets)
        Step(id, ExecKind::kNotSent, extra);
      return;
    case Purpose::kReplace:
      Step(request.context.client_order_id, ExecKind::kNotSent, extra);
      [[fallthrough]];
    case Purpose::kCancel:
      Step(request.context.target, ExecKind::kCancelRejected, extra);
      return ReleaseHeld(request.context.target);
    case Purpose::kAmend:
      return AmendRejected(request.context.client_order_id, extra);
    case Purpose::kCancelBatch:
      for (const market::ClientOrderId& id : request.context.targets) {
        Step(id, ExecKind::kCancelRejected, extra);
        ReleaseHeld(id);
      }
      return;
    default: {
      venue::Answer nothing;
      nothing.message = block.text;
      OnAnswer(request, nothing);
    }
  }
}

void ExecutionEngine::SendAnew(const InFlight& request, std::string_view why) {
  const venue::RequestContext& asked = request.context;
  switch (request.purpose) {
    case Purpose::kPlaceBatch:
      ++stats_.divided_batches;
      return PlaceSingly(asked.targets);
    case Purpose::kPlace:
      return PlaceSingly({asked.client_order_id});
    case Purpose::kCancel: {
      const TrackedOrder* order = state_.Find(asked.target);
      if (order == nullptr || !order->open() || SendCancel(asked.target, why)) return;
      [[fallthrough]];
    }
    default:
      OnNotSent(request, {market::RejectReason::kGateClosed, std::string(why)});
  }
}

void ExecutionEngine::OnAnswer(const InFlight& request, const venue::Answer& answer) {
  const market::ClientOrderId& placed = request.context.client_order_id;
  const market::ClientOrderId& target = request.context.target;
  switch (request.purpose) {
    case Purpose::kPlace:
      return OnPlaced(placed, LegOf(answer), answer.trades, answer.evidence);
    case Purpose::kPlaceBatch:
      for (size_t i = 0; i < request.context.targets.size(); ++i) {
        OnPlaced(request.context.targets[i],
                 i < answer.legs.size() ? answer.legs[i] : LegOf(answer), answer.trades,
                 answer.evidence);
      }
      return;
    case Purpose::kCancel:
      return OnCanceled(target, LegOf(answer), answer.evidence);
    case Purpose::kAmend:
      return OnAmended(request, LegOf(answer), answer.evidence);
    case Purpose::kCancelBatch:
      for (size_t i = 0; i < request.context.targets.size(); ++i) {
        OnCanceled(request.context.targets[i],
                   i < answer.legs.size() ? answer.legs[i] : LegOf(answer), answer.evidence);
      }
      return;
    case Purpose::kReplace:
      OnCanceled(target, answer.cancel_leg.value_or(LegOf(answer)), answer.evidence);
      return OnPlaced(placed, answer.new_leg.value_or(LegOf(answer)), answer.trades,
                      answer.evidence);
    case Purpose::kInquiryOrder:
    case Purpose::kInquiryTrades:
    case Purpose::kInquirySince:
    case Purpose::kInquiryCancel:
    case Purpose::kInquiryTime:
      return OnInquiryAnswer(request, answer);
    case Purpose::kIdentify:
      return OnIdentified(request, answer);
    case Purpose::kOpenOrders:
      return OnOpenOrders(request, answer);
    case Purpose::kOrderHistory:
      return OnOrderHistory(request, answer);
    case Purpose::kAccount:
      return OnAccount(request, answer);
    case Purpose::kTradesSince:
      return OnTradesSince(request, answer);
    case Purpose::kTimeSync:
      return OnTime(request, answer);
    case Purpose::kStreamKey:
      return OnStreamKey(answer);
    case Purpose::kDeadMan:
      return OnDeadMan(request, answer);
    case Purpose::kBalanceChanges:
      return OnBalanceChanges(request, answer);
    case Purpose::kKeyRights:
      return OnKeyRights(answer);
    case Purpose::kInspectOrders:
    case Purpose::kInspectAccount:
    case Purpose::kInspectTrades:
      return OnInspected(request, answer);
    case Purpose::kStopAccount:
      return OnStopAccount(request, answer);
    case Purpose::kStopPrice:
      return OnStopPrice(request, answer);
    case Purpose::kStopCheck:
      return OnStopCheck(request, answer);
    case Purpose::kSubscribe:
      return;
  }
}

// --- legs ----------------------------------------------------------------------------

void ExecutionEngine::OnPlaced(const market::ClientOrderId& id, const venue::LegOutcome& leg,
                               const std::vector<venue::TradeUpdate>& trades,
                               const std::string& evidence) {
  const TrackedOrder* order = state_.Find(id);
  if (order == nullptr) return;
  const bool unanswered = order->open() && order->life.working() == OrderState::kSubmitted;
  switch (leg.outcome) {
    case OutcomeClass::kConfirmed:
      if (leg.order) {
        OnOrderUpdate(*leg.order, trades, evidence);
        return;
      }
      [[fallthrough]];  // confirmed in words that say nothing of the order
    case OutcomeClass::kAcknowledged:
      Inquire(id, options_.stream_wait).want_state = true;
      return;
    case OutcomeClass::kRefused:
    case OutcomeClass::kTurnedAway: {
      ReportExtra refusal{
          .code = leg.code,
          .detail = leg.attempted ? leg.message : "not attempted: the first leg failed",
          .evidence = evidence};
      if (!order->venue_order_id.empty() && order->life.state() != OrderState::kRejected) {
        // The venue has named it on the stream: what it refuses is a second copy of the
        // request, which a proxy sent again.
        ++stats_.refused_copies;
        return Illegal(*order, "a second copy of its request was refused", refusal);
      }
      if (leg.outcome == OutcomeClass::kRefused) {
        Step(id, ExecKind::kRejected, std::move(refusal));
        return;
      }
      if (!unanswered) return;
      // The first copy may be what left no funds or no time for the one that is answered.
      ++stats_.turned_away;
      Step(id, ExecKind::kUnknown, refusal);
      BeginSearch(id).refusal = std::move(refusal);
      return;
    }
    case OutcomeClass::kUnknown:
      if (!unanswered) return;  // the stream was faster
      ++stats_.unknown_outcomes;
      Step(id, ExecKind::kUnknown, {.code = leg.code, .detail = Words(leg), .evidence = evidence});
      BeginSearch(id);
      return;
  }
}

void ExecutionEngine::OnCanceled(const market::ClientOrderId& id, const venue::LegOutcome& leg,
                                 const std::string& evidence) {
  const TrackedOrder* order = state_.Find(id);
  if (order == nullptr) return;
  switch (leg.outcome) {
    case OutcomeClass::kConfirmed:
      if (leg.order) {
        OnOrderUpdate(*leg.order, {}, evidence);
        return;
      }
      [[fallthrough]];
    case OutcomeClass::kAcknowledged:
    case OutcomeClass::kUnknown:
      if (!order->open()) return;
      {
        Inquiry& inquiry = Inquire(id, options_.stream_wait);
        inquiry.cancel_open = inquiry.want_state = true;
      }
      return;
    case OutcomeClass::kRefused:
    case OutcomeClass::kTurnedAway:
      return CancelRefused(id, leg.code, leg.message, evidence);
  }
}

// --- amendments ------------------------------------------------------------------------

void ExecutionEngine::OnAmended(const InFlight& request, const venue::LegOutcome& leg,
                                const std::string& evidence) {
  const market::ClientOrderId& id = request.context.client_order_id;
  if (leg.outcome == OutcomeClass::kConfirmed && leg.order) OnOrderUpdate(*leg.order, {}, evidence);
  const TrackedOrder* order = state_.Find(id);
  // The stream may have been faster, and the order over.
  if (order == nullptr || !order->amendment ||
      order->amendment->request.id != request.context.request_id)
    return;
  const ReportExtra refusal{.code = leg.code, .detail = leg.message, .evidence = evidence};
  if (leg.outcome == OutcomeClass::kRefused) AmendRejected(id, refusal);
  // Of one copy of the request the answer may speak, and another have taken effect. And "no
  // such order" says nothing of what became of it.
  Inquiry& inquiry = Inquire(id, options_.stream_wait);
  inquiry.want_state = true;
  if (leg.outcome == OutcomeClass::kTurnedAway) inquiry.amend_refusal = refusal;
  if (leg.outcome == OutcomeClass::kUnknown) ++stats_.unknown_outcomes;
}

bool ExecutionEngine::ShowsAmendment(const TrackedOrder& order, const venue::OrderUpdate& update) {
  if (!order.amendment || update.price.empty() || update.quantity.empty()) return false;
  const market::Instrument* instrument =
      state_.FindInstrument(order.intent.instrument, order.intent.instrument_version);
  if (instrument == nullptr) return false;
  const auto price = instrument->ParsePrice(update.price);
  const auto quantity = instrument->ParseQuantity(update.quantity);
  // What is filled beyond it has ended the order: its end is what is told then.
  return price == order.amendment->price && quantity == order.amendment->quantity &&
         order.amendment->quantity >= std::max(order.cumulative, claimed_[order.id()]);
}

void ExecutionEngine::AmendRejected(const market::ClientOrderId& id, ReportExtra extra) {
  const TrackedOrder* order = state_.Find(id);
  if (order == nullptr || !order->amendment) return;
  ++stats_.amendments_refused;
  Step(id, ExecKind::kReplaceRejected, std::move(extra));
  if (const auto inquiry = inquiries_.find(id); inquiry != inquiries_.end())
    inquiry->second.amend_refusal.reset();
}

void ExecutionEngine::SettleAmendment(const market::ClientOrderId& id,
                                      const venue::OrderUpdate& said, base::Time asked_at,
                                      const std::string& evidence) {
  const TrackedOrder* order = state_.Find(id);
  if (order == nullptr || !order->open() || !order->amendment) return;
  Inquiry& inquiry = inquiries_[id];
  if (asked_at <= LatestEffect(order->amendment->request)) {
    inquiry.want_state = true;  // it may be on its way still
  } else if (ShowsAmendment(*order, said)) {
    Step(id, ExecKind::kReplaced, {.evidence = evidence, .event_time = said.time});
  } else {
    ReportExtra extra = inquiry.amend_refusal.value_or(
        ReportExtra{.detail = "the amendment had no effect", .evidence = evidence});
    if (extra.evidence != evidence) extra.evidence += "; " + evidence;
    AmendRejected(id, std::move(extra));
    NoticeChange(id, said, evidence);
  }
}

std::optional<ExecutionEngine::Figures> ExecutionEngine::FiguresOf(
    const TrackedOrder& order, const venue::OrderUpdate& update) {
  const market::Instrument* instrument =
      state_.FindInstrument(order.intent.instrument, order.intent.instrument_version);
  if (instrument == nullptr || update.quantity.empty()) return std::nullopt;
  const auto quantity = instrument->ParseQuantity(update.quantity);
  // Of what has no limit some venues state the price that it would get at worst.
  const bool limited = order.price.mantissa > 0 && !update.price.empty();
  const auto price = limited ? instrument->ParsePrice(update.price) : order.price;
  if (!quantity || !price) {
    ++stats_.unreadable_numbers;
    return std::nullopt;
  }
  const market::Quantity least = std::max(order.cumulative, claimed_[order.id()]);
  if (Works(update.status) ? *quantity <= least : *quantity < least) return std::nullopt;
  return Figures{price->mantissa > 0 ? *price : order.price, *quantity};
}

void ExecutionEngine::NoticeChange(const market::ClientOrderId& id,
                                   const venue::OrderUpdate& update, const std::string& evidence) {
  const TrackedOrder* order = state_.Find(id);
  if (order == nullptr || !order->open() || Waits(*order)) return;
  // What has ended otherwise is what it was, unless more of it is filled than that could be.
  const bool ended = update.status == VenueOrderStatus::kFilled ||
                     (!Works(update.status) && claimed_[id] > order->most());
  // While an amendment of ours is open the figures speak of that, but those of the end; what is
  // no newer than the latest change may speak of the order before it.
  if ((order->amendment && !ended) || !(ended || Works(update.status)) ||
      update.time == base::Time() || update.time <= order->amended_at)
    return;
  const std::optional<Figures> figures = FiguresOf(*order, update);
  if (!figures || *figures == Figures{order->price, order->quantity}) return;
  if (order->amendment) AmendRejected(id, {.detail = "the order ended", .evidence = evidence});
  order = state_.Find(id);
  const market::Instrument& instrument =
      *state_.FindInstrument(order->intent.instrument, order->intent.instrument_version);
  const std::string detail =
      absl::StrCat("changed at the venue, not from here: ", instrument.Format(order->quantity),
                   " at ", instrument.Format(order->price), " became ",
                   instrument.Format(figures->quantity), " at ", instrument.Format(figures->price));
  if (order->life.working() == OrderState::kSubmitted ||
      order->life.state() == OrderState::kUnknown) {
    Step(
        id, ExecKind::kAccepted,
        {.evidence = evidence, .venue_order_id = update.venue_order_id, .event_time = update.time});
  }
  Step(id, ExecKind::kReplaced,
       {.detail = detail, .evidence = evidence, .event_time = update.time, .figures = figures});
  const market::InstrumentId& of = update.instrument;
  if (options_.foreign == ForeignPolicy::kHalt && !state_.halts().contains(of)) {
    SetHalt(of, true,
            "an order in this instrument was changed by another hand (execution.foreign_orders: "
            "halt); resume the account once its cause is known",
            "");
  }
  if (options_.foreign == ForeignPolicy::kCancel && Works(update.status) && !CancelUnderWay(id))
    SendCancel(id, "changed by another hand");
}

// "Unknown order" and the like: the cancel had no effect, and that is all. What
// the order became must be asked.
void ExecutionEngine::CancelRefused(const market::ClientOrderId& id, const std::string& code,
                                    const std::string& message, const std::string& evidence) {
  const bool open = state_.Find(id)->open();
  if (state_.Find(id)->life.state() == OrderState::kCanceled) return;  // by another hand
  Step(id, ExecKind::kCancelRejected, {.code = code, .detail = message, .evidence = evidence});
  if (!open) return;
  Inquire(id, base::Duration(0)).want_state = true;
  ReleaseHeld(id);
  StepInquiry(id);
}

// --- updates -------------------------------------------------------------------------

std::optional<market::Quantity> ExecutionEngine::QuantityOf(const TrackedOrder& order,
                                                            std::string_view text) {
  const market::Instrument* instrument =
      state_.FindInstrument(order.intent.instrument, order.intent.instrument_version);
  const auto quantity = instrument == nullptr ? std::nullopt : instrument->ParseQuantity(text);
  if (!quantity) ++stats_.unreadable_numbers;
  return quantity;
}

// By the client id, which somebody may have used in another instrument too.
const TrackedOrder* ExecutionEngine::FindNamed(const market::ClientOrderId& id,
                                               const market::InstrumentId& instrument) const {
  const TrackedOrder* named = state_.Find(id);
  return named != nullptr && named->intent.instrument == instrument ? named : nullptr;
}

// The order that the venue speaks of. By its own id where it can be: a request that
// arrived twice may have become two orders under one client id, as Binance takes a
// client id again once the first order has filled.
const TrackedOrder* ExecutionEngine::OrderOf(const venue::OrderUpdate& update,
                                             const std::string& evidence) {
  if (const auto* known = state_.FindVenueOrder(update.instrument, update.venue_order_id))
    return ContradictsEnd(*known, update) ? Adopt(update, known, evidence) : known;
  const TrackedOrder* named = FindNamed(update.client_order_id, update.instrument);
  if (named == nullptr) return AwaitName(update) ? nullptr : Adopt(update, nullptr, evidence);
  if (ContradictsEnd(*named, update)) return Adopt(update, named, evidence);
  const market::VenueOrderId& known = named->venue_order_id;
  const bool same = known.empty() || venue_.Continues(known, update.venue_order_id) ||
                    venue_.Continues(update.venue_order_id, known);
  return same ? named : Adopt(update, named, evidence);
}

// It had ended here as never taken, or by a signature, and works there all the same. Its
// reservation is gone and its owner has been told, so that it is nobody's.
bool ExecutionEngine::ContradictsEnd(const TrackedOrder& order,
                                     const venue::OrderUpdate& update) const {
  if (order.open() || !Works(update.status)) return false;
  return (order.venue_order_id.empty() && EndedUntaken(order)) || state_.EndSigned(order.id());
}

// A stop order that has triggered goes on under another id, and the venue does not
// promise that its first words under it carry our name.
bool ExecutionEngine::AwaitName(const venue::OrderUpdate& update) {
  const std::pair key{update.instrument, update.venue_order_id};
  if (foreign_names_.erase(key) > 0) return false;
  if (unclaimed_.contains(key)) return true;
  if (unclaimed_.size() >= kMaxUnnamedOrders) return false;
  std::set<market::ClientOrderId> candidates;
  for (const market::ClientOrderId& id : state_.open()) {
    const TrackedOrder& order = *state_.Find(id);
    if (order.intent.instrument == update.instrument && order.intent.side == update.side &&
        Waits(order))
      candidates.insert(id);
  }
  if (candidates.empty()) return false;
  ++stats_.names_awaited;
  for (const market::ClientOrderId& id : candidates)
    Inquire(id, base::Duration(0)).want_state = true;
  unclaimed_.emplace(key, Unclaimed{std::move(candidates), queries_});
  return true;
}

void ExecutionEngine::NameKnown(const market::ClientOrderId& id, uint64_t request) {
  for (auto at = unclaimed_.begin(); at != unclaimed_.end();) {
    Unclaimed& entry = at->second;
    if (entry.candidates.contains(id)) {
      if ((request & kQueryBit) != 0 && (request & ~kQueryBit) > entry.asked_before) {
        entry.candidates.erase(id);
      } else {
        Inquire(id, base::Duration(0)).want_state = true;
      }
    }
    if (!entry.candidates.empty()) {
      ++at;
      continue;
    }
    // All that it could be have answered: it has a name by now, or it is nobody's.
    const auto key = at->first;
    at = unclaimed_.erase(at);
    if (state_.FindVenueOrder(key.first, key.second) == nullptr) foreign_names_.insert(key);
    SendQuery(Purpose::kIdentify, venue_.QueryOrder({key.first, {}, key.second}, VenueNow()),
              {.kind = venue::RequestKind::kQueryOrder,
               .instrument = key.first,
               .venue_order_id = key.second},
              key.second);
  }
}

market::ClientOrderId ExecutionEngine::OnOrderUpdate(
    const venue::OrderUpdate& update, const std::vector<venue::TradeUpdate>& answered,
    const std::string& evidence) {
  std::vector<venue::TradeUpdate> trades = answered;
  if (update.trade) trades.push_back(*update.trade);
  std::erase_if(trades, [&](const venue::TradeUpdate& trade) {
    return trade.venue_order_id != update.venue_order_id;
  });
  const TrackedOrder* order = OrderOf(update, evidence);
  if (order == nullptr) return {};
  const market::ClientOrderId id = order->id();
  if (Works(update.status)) vanished_.erase(id);
  std::optional<market::Quantity> claimed;
  if (!update.cumulative.empty()) {
    claimed = QuantityOf(*order, update.cumulative);
    if (!claimed) return id;
    market::Quantity& highest = claimed_[id];
    highest = std::max(highest, *claimed);
  }
  // Before its fills: whether they complete the order hangs on its quantity. What is older
  // than the latest amendment may show what the order was once before.
  if (order->open() && update.time != base::Time() && update.time >= order->amended_at &&
      ShowsAmendment(*order, update)) {
    Step(id, ExecKind::kReplaced, {.evidence = evidence, .event_time = update.time});
  }
  NoticeChange(id, update, evidence);
  order = state_.Find(id);
  if (order == nullptr) return id;
  if (order->open() && venue_.Continues(order->venue_order_id, update.venue_order_id)) {
    Step(
        id, ExecKind::kTriggered,
        {.evidence = evidence, .venue_order_id = update.venue_order_id, .event_time = update.time});
  }
  // The venue's list of trades has told of these: an update that is older does not count them.
  const auto unnamed = unnamed_trades_.extract({update.instrument, update.venue_order_id});
  if (!unnamed.empty()) {
    for (const venue::TradeUpdate& trade : unnamed.mapped())
      BookTrade(id, trade, std::nullopt, evidence, update.time);
    SearchOn(update.instrument);
  }
  for (const venue::TradeUpdate& trade : trades) BookTrade(id, trade, claimed, evidence);
  OnStatus(id, update, evidence);
  return id;
}

void ExecutionEngine::OnStatus(const market::ClientOrderId& id, const venue::OrderUpdate& update,
                               const std::string& evidence) {
  const TrackedOrder* order = state_.Find(id);
  if (order == nullptr) return;
  const OrderState state = order->life.state();
  const ReportExtra extra{.code = update.reject_code,
                          .evidence = evidence,
                          .venue_order_id = update.venue_order_id,
                          .event_time = update.time};
  const auto final = [&](ExecKind kind) {
    if (update.cumulative.empty()) {  // the words are not enough to close it
      Inquire(id, base::Duration(0)).want_state = true;
      return StepInquiry(id);
    }
    OnFinal(id, Final{kind, *QuantityOf(*order, update.cumulative), update.reject_code, "",
                      evidence, update.venue_order_id});
  };
  switch (update.status) {
    case VenueOrderStatus::kFilled:
      return final(ExecKind::kFill);
    case VenueOrderStatus::kCanceled:
      return final(ExecKind::kCanceled);
    case VenueOrderStatus::kExpired:
      return final(ExecKind::kExpired);
    case VenueOrderStatus::kRejected:
      return final(ExecKind::kRejected);
    case VenueOrderStatus::kPendingCancel:
    case VenueOrderStatus::kNew:
    case VenueOrderStatus::kPendingNew:
    case VenueOrderStatus::kPartiallyFilled:
      break;
  }
  const bool news = order->open() ? order->life.working() == OrderState::kSubmitted ||
                                        state == OrderState::kUnknown
                                  : EndedUntaken(*order);
  if (news) {
    Step(id, ExecKind::kAccepted, extra);
  } else if (!order->open()) {
    ++stats_.stale_updates;  // older than the end that we know
  }
  order = state_.Find(id);
  if (order == nullptr || !order->open()) return;
  // What has a fill already has triggered, whoever says so later.
  if (update.triggered.value_or(false) && !order->triggered &&
      order->life.Next(market::OrderEvent::kTriggered))
    Step(id, ExecKind::kTriggered, extra);
  if (update.elsewhere) Inquire(id, base::Duration(0)).want_state = true;
  const auto claimed = claimed_.find(id);
  if (claimed != claimed_.end() && claimed->second > state_.Find(id)->cumulative) {
    ++stats_.missing_fills;
    Inquire(id, options_.stream_wait).want_trades = true;
  }
}

// The venue says that the order is over. It is reported so only when all fills
// that the venue counts are booked: the last figure must be exact.
void ExecutionEngine::OnFinal(const market::ClientOrderId& id, Final final) {
  const TrackedOrder& order = *state_.Find(id);
  const OrderState state = order.life.state();
  if (final.cumulative > order.cumulative) {
    ++stats_.missing_fills;
    if (state == OrderState::kUnknown ||
        (order.open() && order.life.working() == OrderState::kSubmitted)) {
      // The venue has had it: that much is known, the rest takes its trades.
      Step(id, ExecKind::kAccepted,
           {.evidence = final.evidence, .venue_order_id = final.venue_order_id});
    }
    Inquiry& inquiry = Inquire(id, base::Duration(0));
    inquiry.want_trades = true;
    if (order.open()) inquiry.final = std::move(final);
    return StepInquiry(id);
  }
  if (final.cumulative < order.cumulative) {
    ++stats_.stale_updates;
    if (order.open()) Inquire(id, options_.stream_wait).want_state = true;
    return;
  }
  if (!order.open()) {
    const bool same = state_.EndSigned(id) ||  // people could not know how it ended
                      (state == OrderState::kFilled && final.kind == ExecKind::kFill) ||
                      (state == OrderState::kCanceled && final.kind == ExecKind::kCanceled) ||
                      (state == OrderState::kExpired &&
                       (final.kind == ExecKind::kExpired || final.kind == ExecKind::kFill)) ||
                      (state == OrderState::kRejected && final.kind == ExecKind::kRejected) ||
                      (state == OrderState::kCanceled && final.kind == ExecKind::kFill);
    if (same) {
      ++stats_.stale_updates;
    } else {
      Illegal(
          order,
          absl::StrCat("the venue calls it ended otherwise (", static_cast<int>(final.kind), ")"),
          {.code = final.code, .evidence = final.evidence});
    }
    return;
  }
  inquiries_[id].final = std::move(final);
  Finish(id);
}

void ExecutionEngine::Finish(const market::ClientOrderId& id) {
  const auto inquiry = inquiries_.find(id);
  if (inquiry == inquiries_.end() || !inquiry->second.final) return;
  const Final final = *inquiry->second.final;
  if (state_.Find(id)->cumulative != final.cumulative) return;
  inquiry->second.final.reset();
  inquiry->second.want_trades = false;
  ReportExtra extra{.code = final.code,
                    .detail = final.detail,
                    .evidence = final.evidence,
                    .venue_order_id = final.venue_order_id};
  if (final.kind != ExecKind::kFill) {
    Step(id, final.kind, std::move(extra));
  } else if (const TrackedOrder* order = state_.Find(id);
             order->open() && order->cumulative == order->quantity) {
    // Its last fill was booked while it was asked for more, or known as less.
    if (order->amendment)
      AmendRejected(id, {.detail = "the order filled", .evidence = final.evidence});
    Step(id, ExecKind::kFill, std::move(extra));
  } else if (order->open()) {
    // FILLED at less than asked: the venue took the rest away (self-trade
    // prevention), or the last part was filled before the first look.
    extra.detail = "the venue calls it filled";
    Step(id, ExecKind::kExpired, std::move(extra));
  }
}

// --- trades ----------------------------------------------------------------------------

std::optional<market::Fill> ExecutionEngine::FillOf(const TrackedOrder& order,
                                                    const venue::TradeUpdate& trade) {
  const market::Instrument* instrument =
      state_.FindInstrument(order.intent.instrument, order.intent.instrument_version);
  if (instrument == nullptr) return std::nullopt;
  const auto price = instrument->ParsePrice(trade.price);
  const auto quantity = instrument->ParseQuantity(trade.quantity);
  const auto fee = AmountOf(trade.fee);
  if (!price || !quantity || !fee || price->mantissa <= 0 || quantity->mantissa <= 0 ||
      trade.trade_id.empty())
    return std::nullopt;
  return market::Fill{trade.trade_id, *price, *quantity, *fee, trade.fee_asset, trade.liquidity};
}

bool ExecutionEngine::AwaitsItsOrder(const TrackedOrder& order, const venue::TradeUpdate& trade,
                                     market::Quantity after, base::Time spoken) const {
  const auto claimed = claimed_.find(order.id());
  const bool told = claimed != claimed_.end() && after <= claimed->second;
  if (!order.open() || told || trade.time <= spoken) return false;
  const bool may_go_on = venue_.OrdersGrow() && trade.order_quantity.empty();
  return may_go_on ? after >= order.most() : after > order.most();
}

// A trade may state how much its order asked for. Of an order that was made smaller since it
// states too much, and is older than that change; too little is no news.
void ExecutionEngine::NoticeGrowth(const market::ClientOrderId& id, const venue::TradeUpdate& trade,
                                   const std::string& evidence) {
  if (trade.order_quantity.empty()) return;
  const TrackedOrder& order = *state_.Find(id);
  const std::optional<market::Quantity> asked = QuantityOf(order, trade.order_quantity);
  if (!asked || *asked <= order.most()) return;
  venue::OrderUpdate update;
  update.instrument = trade.instrument;
  update.venue_order_id = trade.venue_order_id;
  update.status = VenueOrderStatus::kPartiallyFilled;
  update.quantity = trade.order_quantity;
  update.time = trade.time;
  NoticeChange(id, update, evidence);
}

bool ExecutionEngine::BookTrade(const market::ClientOrderId& id, const venue::TradeUpdate& trade,
                                std::optional<market::Quantity> claimed,
                                const std::string& evidence, base::Time spoken) {
  const TrackedOrder& order = *state_.Find(id);
  if (order.Booked(trade.trade_id)) {
    ++stats_.duplicate_fills;
    return true;
  }
  std::optional<market::Fill> fill = FillOf(order, trade);
  if (!fill) {
    ++stats_.unreadable_numbers;
    return true;
  }
  if (order.external && state_.baseline() && trade.time != base::Time() &&
      trade.time <= *state_.baseline()) {
    EmitNote(ToNote(TakenOverNote{id, trade.trade_id, fill->quantity}));
    Finish(id);
    return true;
  }
  if (!claimed) NoticeGrowth(id, trade, evidence);
  const market::Quantity after = order.cumulative + fill->quantity;
  if (claimed && after > std::max(*claimed, claimed_[id])) {
    // More than the venue itself counts. Its list of trades decides.
    ++stats_.fill_conflicts;
    Inquire(id, base::Duration(0)).want_trades = true;
    StepInquiry(id);
    return true;
  }
  if (!claimed && AwaitsItsOrder(order, trade, after, spoken)) {
    Keep(trade);
    Inquire(id, base::Duration(0)).want_state = true;
    return false;
  }
  BookEvents(order, trade, *fill, evidence);
  Step(id, ExecKind::kFill,
       {.evidence = evidence,
        .fill = std::move(fill),
        .venue_order_id = trade.venue_order_id,
        .event_time = trade.time});
  Finish(id);
  return true;
}

bool ExecutionEngine::Keep(const venue::TradeUpdate& trade) {
  const std::pair key{trade.instrument, trade.venue_order_id};
  if (!unnamed_trades_.contains(key) && unnamed_trades_.size() >= kMaxUnnamedOrders) return false;
  std::vector<venue::TradeUpdate>& waiting = unnamed_trades_[key];
  if (std::find(waiting.begin(), waiting.end(), trade) == waiting.end()) waiting.push_back(trade);
  return true;
}

// What was looked at was booked, so that what is of no order here is of one that is forgotten.
bool ExecutionEngine::LookedAt(const venue::TradeUpdate& trade, bool listed) const {
  if (venue_.OrderedTradeIds()) {
    const auto number = TradeNumber(trade.trade_id);
    return number && state_.Forgotten(trade.instrument, *number);
  }
  const auto checked = state_.CheckedTrade(trade.instrument);
  // The stream may be the first to tell of what is older.
  if (!listed || !checked || trade.time == base::Time()) return false;
  const auto time = static_cast<uint64_t>(base::UnixMillis(trade.time));
  return time < *checked || (time == *checked && VenueNow() > trade.time + kListedWithin);
}

void ExecutionEngine::OnTrades(const std::vector<venue::TradeUpdate>& trades,
                               const std::string& evidence, bool* unexplained, bool listed) {
  for (const venue::TradeUpdate& trade : trades) {
    if (const TrackedOrder* order = state_.FindVenueOrder(trade.instrument, trade.venue_order_id)) {
      if (!BookTrade(order->id(), trade, std::nullopt, evidence)) *unexplained = true;
      continue;
    }
    // Of an order that was over, or forgotten, before: nothing of ours.
    const TrackedOrder* named = FindNamed(trade.client_order_id, trade.instrument);
    if (named != nullptr && named->venue_order_id.empty()) {
      if (!BookTrade(named->id(), trade, std::nullopt, evidence)) *unexplained = true;
      continue;
    }
    if (LookedAt(trade, listed)) continue;
    if (state_.baseline() && trade.time != base::Time() && trade.time <= *state_.baseline())
      continue;
    *unexplained = true;
    if (!Keep(trade)) continue;  // asked again next time
    const bool asked = std::any_of(in_flight_.begin(), in_flight_.end(), [&](const auto& entry) {
      return entry.second.purpose == Purpose::kIdentify &&
             entry.second.venue_order == trade.venue_order_id &&
             entry.second.context.instrument == trade.instrument;
    });
    if (!asked) {
      SendQuery(Purpose::kIdentify,
                venue_.QueryOrder({trade.instrument, {}, trade.venue_order_id}, VenueNow()),
                {.kind = venue::RequestKind::kQueryOrder, .instrument = trade.instrument},
                trade.venue_order_id);
    }
  }
}

void ExecutionEngine::OnIdentified(const InFlight& request, const venue::Answer& answer) {
  // Without an answer its trades stay unexplained, and the next look asks again.
  if (answer.outcome == OutcomeClass::kConfirmed && !answer.orders.empty()) {
    OnOrderUpdate(answer.orders.front(), answer.trades, answer.evidence);
  } else if (!answer.not_found || !IdentifyElsewhere(request)) {
    unnamed_trades_.erase({request.context.instrument, request.venue_order});
  }
}

bool ExecutionEngine::IdentifyElsewhere(const InFlight& request) {
  venue::RequestContext context = request.context;
  if (++context.place >= venue_.Places(context.type)) return false;
  const venue::OrderKey key{
      context.instrument, {}, request.venue_order, context.type, context.place};
  return SendQuery(Purpose::kIdentify, venue_.QueryOrder(key, VenueNow()), std::move(context),
                   request.venue_order);
}

// Booked to EXTERNAL.
const TrackedOrder* ExecutionEngine::Adopt(const venue::OrderUpdate& update,
                                           const TrackedOrder* first, const std::string& evidence) {
  const market::Instrument* instrument = directory_.Find(update.instrument);
  // After a restart, until its definition has come again.
  if (instrument == nullptr) instrument = state_.NewestInstrument(update.instrument);
  if (instrument == nullptr) {
    ++stats_.unknown_instruments;
    if (undefined_.size() < kMaxUnnamedOrders) undefined_.insert(update.instrument);
    return nullptr;
  }
  const auto cumulative =
      instrument->ParseQuantity(update.cumulative.empty() ? "0" : update.cumulative);
  // One for a value is as large as what is filled of it when it ends.
  const auto quantity =
      update.quantity.empty() ? cumulative : instrument->ParseQuantity(update.quantity);
  const auto price = instrument->ParsePrice(update.price.empty() ? "0" : update.price);
  if (!quantity || !cumulative || !price) {
    ++stats_.unreadable_numbers;
    return nullptr;
  }
  const bool over = !Works(update.status);
  if (!over && update.quantity.empty()) return nullptr;
  if (!state_.baseline() ||
      (over && (cumulative->mantissa == 0 || update.time <= *state_.baseline()))) {
    ++stats_.stale_updates;  // part of the first look, or it can change nothing here
    return nullptr;
  }
  if (!EnsureInstrument(update.instrument, instrument->version)) return nullptr;
  const bool own = update.client_order_id.text().starts_with(kOwnPrefix);
  const bool ended = first != nullptr && (EndedUntaken(*first) || state_.EndSigned(first->id()));
  ++(ended              ? stats_.contradicted_ends
     : first != nullptr ? stats_.twin_orders
     : own              ? stats_.lost_own_orders
                        : stats_.foreign_orders);
  if (first != nullptr) {
    Illegal(*first,
            absl::StrCat("venue order ", update.venue_order_id.text(), " under the same client id"),
            {.evidence = evidence});
  }
  market::ExecReport report;
  report.kind = ExecKind::kAccepted;
  report.account = options_.account;
  report.strategy = market::StrategyId(kExternalStrategy);
  report.instrument = update.instrument;
  report.instrument_version = instrument->version;
  // A venue counts its orders by instrument, and people name theirs as they like: neither
  // id alone is one order's.
  const bool nameless =
      first != nullptr || update.client_order_id.empty() || state_.Find(update.client_order_id);
  // Of the very order that had ended here what was filled is booked already.
  std::vector<std::string> known_trades;
  if (first != nullptr && first->venue_order_id == update.venue_order_id) {
    known_trades = first->trade_ids;
    report.cumulative = first->cumulative;
  }
  report.client_order_id =
      nameless
          ? market::ClientOrderId(absl::StrCat(first != nullptr ? kTwinPrefix : kVenueIdPrefix,
                                               std::string(market::SymbolOf(update.instrument)),
                                               ":", update.venue_order_id.text()))
          : update.client_order_id;
  while (state_.Find(report.client_order_id) != nullptr)  // signed before, under that name
    report.client_order_id = market::ClientOrderId(report.client_order_id.text() + "+");
  report.venue_order_id = update.venue_order_id;
  report.side = update.side;
  report.previous = OrderState::kSubmitted;
  report.state = OrderState::kAccepted;
  report.quantity = *quantity;
  report.price = *price;
  report.detail = first != nullptr ? (ended ? "works at the venue after the end here of "
                                            : "a second order from the request of ") +
                                         update.client_order_id.text()
                  : own ? "carries our prefix but is not in this journal"
                        : "not from here";
  report.evidence = evidence;
  const market::ClientOrderId id = report.client_order_id;
  market::Header cause = cause_;
  if (update.time != base::Time()) cause.event_time = update.time;
  out_.Emit(std::move(report), cause);
  if (first != nullptr) {
    for (const std::string& trade : known_trades) EmitNote(ToNote(TakenOverNote{id, trade, {}}));
    if (!over) Sweep();  // nobody asked for it
    return state_.Find(id);
  }
  if (options_.foreign == ForeignPolicy::kHalt && !state_.halts().contains(update.instrument)) {
    SetHalt(
        update.instrument, true,
        "foreign orders in this instrument (execution.foreign_orders: halt); resume the account "
        "once their cause is known",
        "");
  }
  if (options_.foreign == ForeignPolicy::kCancel && !over) SendCancel(id, "foreign order");
  return state_.Find(id);
}

// --- reports -----------------------------------------------------------------------------

market::ExecReport ExecutionEngine::ReportOf(const TrackedOrder& order, ExecKind kind,
                                             const ReportExtra& extra) const {
  market::ExecReport report = market::ReportOf(order.intent, kind, order.life.state());
  report.venue_order_id =
      extra.venue_order_id.empty() ? order.venue_order_id : extra.venue_order_id;
  const bool of_a_cancel = kind == ExecKind::kPendingCancel || kind == ExecKind::kCancelRejected;
  if (of_a_cancel) report.target = order.id();
  if (kind == ExecKind::kPendingUpdate) report.target = extra.target;
  const bool amended = kind == ExecKind::kReplaced;
  if (order.amendment && (amended || kind == ExecKind::kReplaceRejected))
    report.target = order.amendment->id;
  report.previous = order.life.state();
  const Figures now{order.price, kind == ExecKind::kFill ? order.most() : order.quantity};
  const Figures figures = extra.figures ? *extra.figures
                          : amended     ? Figures{order.amendment->price, order.amendment->quantity}
                                        : now;
  report.price = figures.price;
  report.quantity = figures.quantity;
  report.cumulative = order.cumulative;
  report.fill = extra.fill;
  if (extra.fill) report.cumulative += extra.fill->quantity;
  report.local_reason = extra.local_reason;
  report.venue_code = extra.code;
  report.detail = extra.detail;
  report.evidence = extra.evidence;
  return report;
}

// A fill is found from the headline or tick that it goes back to.
market::Header ExecutionEngine::Chain(const market::EventId& correlation,
                                      base::Time event_time) const {
  market::Header header = cause_;
  if (!correlation.empty() && header.correlation != correlation) {
    header.correlation = correlation;
    header.trace = market::TraceOf(correlation, correlation);
  }
  if (event_time != base::Time()) header.event_time = event_time;
  return header;
}

void ExecutionEngine::Illegal(const TrackedOrder& order, std::string_view what,
                              const ReportExtra& extra) {
  ++stats_.illegal_events;
  ReportExtra alarm = extra;
  alarm.fill.reset();
  alarm.detail = absl::StrCat(std::string(what), " while ", Name(order.life.state()),
                              extra.detail.empty() ? "" : ": ", extra.detail);
  out_.Emit(ReportOf(order, ExecKind::kIllegal, alarm), Chain(order.correlation, extra.event_time));
}

bool ExecutionEngine::Step(const market::ClientOrderId& id, ExecKind kind, ReportExtra extra) {
  const TrackedOrder* order = state_.Find(id);
  if (order == nullptr) return false;
  market::ExecReport report = ReportOf(*order, kind, extra);
  const market::OrderEvent event = *market::EventOf(report);
  const std::optional<OrderState> next = order->life.Next(event);
  const bool too_much = kind == ExecKind::kFill && report.cumulative > order->most();
  if (!next || too_much) {
    Illegal(*order, too_much ? "a fill beyond the quantity" : Name(event), extra);
    // A trade that the venue counts moved money, whatever the table says: it is
    // booked all the same.
    if (kind != ExecKind::kFill) return false;
    order = state_.Find(id);
  }
  const auto inquiry = inquiries_.find(id);
  if (inquiry != inquiries_.end() && inquiry->second.refusal && !report.venue_order_id.empty() &&
      kind != ExecKind::kRejected) {
    ++stats_.refused_copies;  // another was taken
    inquiry->second.refusal.reset();
  }
  if (inquiry != inquiries_.end() && kind == ExecKind::kCancelRejected)
    inquiry->second.cancel_open = false;  // told once, of whichever request
  if (next) report.state = *next;
  if (next && kind == ExecKind::kReplaced)
    ++(report.target.empty() ? stats_.changed_orders : stats_.amended);
  const market::Header chain = Chain(order->correlation, extra.event_time);
  if (kind == ExecKind::kFill) {
    const TrackedOrder before = *order;  // the report may end and forget it
    out_.Emit(std::move(report), chain);
    ++stats_.fills;
    EmitPosition({before.intent.account, before.intent.strategy, before.intent.instrument},
                 state_.FindInstrument(before.intent.instrument, before.intent.instrument_version),
                 chain);
  } else {
    out_.Emit(std::move(report), chain);
  }
  order = state_.Find(id);
  if (order == nullptr || !order->open()) Closed(id);
  return next.has_value();
}

void ExecutionEngine::Closed(const market::ClientOrderId& id) {
  const TrackedOrder* order = state_.Find(id);
  const auto claimed = claimed_.find(id);
  const bool fills_missing =
      order != nullptr && claimed != claimed_.end() && claimed->second > order->cumulative;
  if (!fills_missing) {
    inquiries_.erase(id);
    claimed_.erase(id);
  }
  held_.erase(id);
  vanished_.erase(id);
  NameKnown(id, UINT64_MAX);
  Verified(id);
  if (order != nullptr) ReleaseHeld(id);
}

void ExecutionEngine::EmitPosition(const market::PositionKey& key,
                                   const market::Instrument* instrument,
                                   const market::Header& cause) {
  if (auto update = PositionOf(key, instrument)) out_.Emit(*std::move(update), cause);
}

std::optional<market::PositionUpdate> ExecutionEngine::PositionOf(
    const market::PositionKey& key, const market::Instrument* instrument) const {
  const market::Position* position = state_.positions().Find(key);
  if (position == nullptr || instrument == nullptr) return std::nullopt;
  market::PositionUpdate update;
  update.account = key.account;
  update.strategy = key.strategy;
  update.instrument = key.instrument;
  update.instrument_version = instrument->version;
  update.net = position->net;
  update.average_price = market::AveragePrice(*position, *instrument);
  update.realized_pnl = market::RealizedPnl(*position, *instrument);
  update.fees = market::QuoteFees(*position, *instrument);
  return update;
}

}  // namespace gannet::execution
