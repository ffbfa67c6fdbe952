// Finding out what became of an order: by the stream if it comes, by queries with
// back-off, and, when nothing is found, by proof that it was never taken.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/execution/execution_engine.h"

namespace gannet::execution {
namespace {

using market::ExecKind;
using market::OrderState;
using venue::OutcomeClass;

// The venue's trade times and our timestamp need not agree to the millisecond.
constexpr base::Duration kTradesMargin = std::chrono::seconds(5);
constexpr base::Duration kJustAfter = std::chrono::milliseconds(1);

void Mention(std::string& evidence, const std::string& more) {
  absl::StrAppend(&evidence, evidence.empty() ? "" : "; ", more);
}

}  // namespace

ExecutionEngine::Inquiry& ExecutionEngine::Inquire(const market::ClientOrderId& id,
                                                   base::Duration wait) {
  const auto [at, added] = inquiries_.try_emplace(id);
  Inquiry& inquiry = at->second;
  if (added) inquiry.backoff = options_.inquiry_first;
  const base::Time due = now_ + wait;
  if (added || due < inquiry.next) inquiry.next = due;
  if (!inquiry.asking && inquiry.next < inquiry.scheduled) {
    inquiry.scheduled = inquiry.next;
    Schedule(inquiry.next, {TaskKind::kInquiry, id});
  }
  return inquiry;
}

ExecutionEngine::Inquiry& ExecutionEngine::BeginSearch(const market::ClientOrderId& id) {
  Inquiry& inquiry = Inquire(id, options_.stream_wait);
  // Whatever was asked while its answer was still out says nothing of how often to ask now.
  inquiry.backoff = options_.inquiry_first;
  inquiry.place = 0;
  return inquiry;
}

void ExecutionEngine::NothingNew(Inquiry& inquiry) {
  inquiry.next = now_ + inquiry.backoff;
  inquiry.backoff = std::min(inquiry.backoff * 2, options_.inquiry_limit);
}

void ExecutionEngine::StepInquiry(const market::ClientOrderId& id) {
  const auto found = inquiries_.find(id);
  if (found == inquiries_.end() || found->second.asking) return;
  Inquiry& inquiry = found->second;
  const TrackedOrder* order = state_.Find(id);
  if (order == nullptr) {
    inquiries_.erase(found);
    return;
  }
  if (now_ < inquiry.next) {
    if (inquiry.next < inquiry.scheduled) {
      inquiry.scheduled = inquiry.next;
      Schedule(inquiry.next, {TaskKind::kInquiry, id});
    }
    return;
  }
  if (order->life.state() == OrderState::kUnknown) return StepAbsence(*order, inquiry);
  // In turns while both are wanted: the venue may list neither.
  const bool state_first = inquiry.want_state && (inquiry.asked_trades || inquiry.place > 0);
  inquiry.asked_trades =
      inquiry.want_trades && !state_first && !order->venue_order_id.empty() && !Waits(*order);
  if (inquiry.asked_trades) {
    return Ask(*order, inquiry, Purpose::kInquiryTrades,
               venue_.TradesOfOrder(order->intent.instrument, order->venue_order_id, VenueNow()),
               {.venue_order_id = order->venue_order_id});
  }
  if (inquiry.want_state || inquiry.want_trades || inquiry.final) {
    inquiry.by_venue_id |= ByVenueId(*order);
    venue::OrderKey key = KeyOf(*order);
    key.place = inquiry.place;
    if (inquiry.by_venue_id) key.venue_order_id = order->venue_order_id;
    return Ask(*order, inquiry, Purpose::kInquiryOrder, venue_.QueryOrder(key, VenueNow()), key);
  }
  inquiries_.erase(found);
}

void ExecutionEngine::Ask(const TrackedOrder& order, Inquiry& inquiry, Purpose purpose,
                          venue::WireRequest wire, const venue::OrderKey& key, base::Time since,
                          bool unexplained) {
  venue::RequestContext context{.kind = wire.kind,
                                .instrument = order.intent.instrument,
                                .client_order_id = order.id(),
                                .target = order.id(),
                                .venue_order_id = key.venue_order_id,
                                .type = key.type,
                                .place = key.place,
                                .since = since,
                                .unexplained = unexplained,
                                .asked_at = VenueNow()};
  const market::ClientOrderId id = order.id();
  if (purpose == Purpose::kInquiryCancel) {
    // A cancel is written down like any other, even one that only asks.
    if (budget_.Take(wire, RateBudget::Use::kCancel, now_)) {
      inquiry.asking = true;
      ++stats_.inquiries;
      return SendJournaled(purpose, std::move(wire), std::move(context), {});
    }
  } else if (SendQuery(purpose, std::move(wire), std::move(context))) {
    inquiry.asking = true;
    ++stats_.inquiries;
    return;
  }
  inquiry.next = std::max(budget_.NextTry(now_), now_ + options_.inquiry_first);
  inquiry.scheduled = inquiry.next;
  Schedule(inquiry.next, {TaskKind::kInquiry, id});
}

// Absence needs all three: (a) the venue's clock is past every moment at which
// the request could take effect; (b) a cancel by client id, which the matching
// engine answers, knows no such order; (c) order query and trades are empty
// twice, some time apart, the second time after (b).
void ExecutionEngine::StepAbsence(const TrackedOrder& order, Inquiry& inquiry) {
  const venue::AbsenceRules& rules = venue_.absence();
  const market::InstrumentId& instrument = order.intent.instrument;
  const venue::OrderKey key{instrument, order.id(), {}, order.intent.type, inquiry.place};
  const auto query = [&] {
    Ask(order, inquiry, Purpose::kInquiryOrder, venue_.QueryOrder(key, VenueNow()), key);
  };
  if (!inquiry.time_proven) {
    if (VenueNow() <= LatestEffect(order.place)) return query();  // it may be found long before
    return Ask(order, inquiry, Purpose::kInquiryTime, venue_.ServerTime());
  }
  if (inquiry.query_empty && inquiry.trades_empty) {
    if (++inquiry.empty_rounds == 1) inquiry.first_empty = now_;
    inquiry.query_empty = inquiry.trades_empty = false;
  }
  if (inquiry.empty_rounds >= 1 && rules.cancel_by_client_id && !inquiry.cancel_unknown) {
    return Ask(order, inquiry, Purpose::kInquiryCancel, venue_.Cancel(key, VenueNow()), key);
  }
  if (inquiry.empty_rounds >= 2) return ProveAbsent(order.id(), inquiry);
  if (inquiry.empty_rounds == 1 && now_ < inquiry.first_empty + rules.empty_apart) {
    inquiry.next = inquiry.first_empty + rules.empty_apart;
    inquiry.scheduled = inquiry.next;
    return Schedule(inquiry.next, {TaskKind::kInquiry, order.id()});
  }
  if (!inquiry.query_empty) return query();
  const base::Time since = order.place.timestamp - kTradesMargin;
  Ask(order, inquiry, Purpose::kInquirySince, venue_.TradesSince(instrument, since, VenueNow()), {},
      since);
}

// The venue has the order and perhaps never had the cancel. Unlike a placement a
// cancel does no harm twice, and an order that is to go should not work on until the
// first one can no longer arrive. Not so a cancel that is half of a replacement.
void ExecutionEngine::RepeatCancel(const market::ClientOrderId& id) {
  for (const auto& [number, request] : in_flight_) {
    if (request.purpose != Purpose::kInquiryCancel && request.Cancels(id)) return;
  }
  for (const market::ClientOrderId& other : state_.open()) {
    const market::OrderIntent& intent = state_.Find(other)->intent;
    if (intent.kind == market::IntentKind::kReplace && intent.target == id) return;
  }
  if (SendCancel(id, "cancelled again, the fate of the first cancel is unknown"))
    ++stats_.cancels_repeated;
}

void ExecutionEngine::ProveAbsent(const market::ClientOrderId& id, const Inquiry& inquiry) {
  ++stats_.absences_proven;
  if (inquiry.refusal) {
    ReportExtra refusal = *inquiry.refusal;
    Mention(refusal.evidence, inquiry.evidence);
    Step(id, ExecKind::kRejected, std::move(refusal));
    return;
  }
  Step(id, ExecKind::kAbsent, {.detail = "proven never taken", .evidence = inquiry.evidence});
}

void ExecutionEngine::SearchOn(const market::InstrumentId& instrument) {
  for (const market::ClientOrderId& id : state_.open()) {
    const TrackedOrder& order = *state_.Find(id);
    if (order.intent.instrument != instrument || order.life.state() != OrderState::kUnknown)
      continue;
    const auto found = inquiries_.find(id);
    if (found != inquiries_.end() && found->second.time_proven) Inquire(id, base::Duration(0));
  }
}

void ExecutionEngine::OnInquiryAnswer(const InFlight& request, const venue::Answer& answer) {
  const market::ClientOrderId id = request.context.client_order_id;
  if (const auto found = inquiries_.find(id); found != inquiries_.end())
    found->second.asking = false;
  // What the answer says of orders and trades is booked first; it may end the inquiry, so that
  // it is looked up again.
  bool unexplained = request.context.unexplained;
  if (!BookInquiryAnswer(request, answer, unexplained)) return StepInquiry(id);
  if (answer.server_time) OnTime(request, answer);

  const auto found = inquiries_.find(id);
  const TrackedOrder* order = state_.Find(id);
  if (found == inquiries_.end() || order == nullptr || found->second.asking) return;
  Inquiry& inquiry = found->second;
  inquiry.next = now_;
  switch (request.purpose) {
    case Purpose::kInquiryOrder:
      OrderAnswered(request, answer, *order, inquiry);
      break;
    case Purpose::kInquiryTrades: {
      const auto claimed = claimed_.find(id);
      const bool missing = claimed != claimed_.end() && claimed->second > order->cumulative;
      if (missing && answer.outcome == OutcomeClass::kConfirmed && answer.more_trades) {
        Ask(*order, inquiry, Purpose::kInquiryTrades,
            venue_.MoreTrades(request.context, answer, VenueNow()),
            {.venue_order_id = order->venue_order_id});
        break;
      }
      inquiry.want_trades = missing || answer.outcome != OutcomeClass::kConfirmed;
      if (inquiry.want_trades) NothingNew(inquiry);
      break;
    }
    case Purpose::kInquirySince:
      SinceAnswered(request, answer, unexplained, *order, inquiry);
      break;
    case Purpose::kInquiryCancel:
      if (answer.not_found) {
        inquiry.cancel_unknown = LookedEverywhere(request, inquiry);
        Mention(inquiry.evidence, answer.evidence);
      } else if (answer.outcome != OutcomeClass::kConfirmed) {
        NothingNew(inquiry);
      }
      break;
    case Purpose::kInquiryTime:
      TimeAnswered(answer, *order, inquiry);
      break;
    default:
      break;
  }
  StepInquiry(id);
}

// False: another order answered to the name, and ours is to be asked for by the venue's own.
bool ExecutionEngine::BookInquiryAnswer(const InFlight& request, const venue::Answer& answer,
                                        bool& unexplained) {
  if (answer.outcome != OutcomeClass::kConfirmed) return true;
  const market::ClientOrderId id = request.context.client_order_id;
  if (answer.orders.empty()) {
    OnTrades(answer.trades, answer.evidence, &unexplained);
    Finish(id);
    return true;
  }
  if (const auto found = inquiries_.find(id); found != inquiries_.end()) {
    found->second.want_state = false;
    found->second.backoff = options_.inquiry_first;
    found->second.place = 0;
  }
  const market::ClientOrderId whose =
      OnOrderUpdate(answer.orders.front(), answer.trades, answer.evidence);
  const TrackedOrder* asked = state_.Find(id);
  const auto found = inquiries_.find(id);
  if (whose != id && asked != nullptr && !asked->venue_order_id.empty() &&
      found != inquiries_.end() && !found->second.by_venue_id) {
    found->second.by_venue_id = found->second.want_state = true;
    found->second.next = now_;
    return false;
  }
  if (whose == id && request.purpose == Purpose::kInquiryOrder)
    SettleAmendment(id, answer.orders.front(), request.context.asked_at, answer.evidence);
  vanished_.erase(id);
  NameKnown(id, request.context.request_id);
  Verified(id);
  return true;
}

// Nothing is absent before it is so in every place where it may be: goes on to the next place,
// and says whether the answer was of the last.
bool ExecutionEngine::LookedEverywhere(const InFlight& request, Inquiry& inquiry) {
  const size_t next = request.context.place + 1;
  const bool everywhere = next >= venue_.Places(request.context.type);
  inquiry.place = everywhere ? 0 : next;
  return everywhere;
}

void ExecutionEngine::OrderAnswered(const InFlight& request, const venue::Answer& answer,
                                    const TrackedOrder& order, Inquiry& inquiry) {
  const market::ClientOrderId id = order.id();
  const bool unknown = order.life.state() == OrderState::kUnknown;
  const bool elsewhere = !answer.orders.empty() && answer.orders.front().elsewhere;
  if (answer.not_found && unknown && inquiry.time_proven) {
    inquiry.query_empty = LookedEverywhere(request, inquiry);
    Mention(inquiry.evidence, answer.evidence);
    // What is nowhere, and can come no more, has become no order without a name either: that
    // one may be told of, and until it is its trades would stand against the proof.
    if (inquiry.query_empty) NameKnown(id, request.context.request_id);
  } else if (answer.not_found && unknown) {
    NothingNew(inquiry);
    // No later than when the first part of the proof can be had.
    const base::Time proof = LatestEffect(order.place) - clock_offset_ + kJustAfter;
    if (proof > now_) inquiry.next = std::min(inquiry.next, proof);
  } else if (answer.not_found) {
    if (!LookedEverywhere(request, inquiry)) return;
    // Only what was once acknowledged, and has not ended, can be missing.
    const bool acknowledged = order.open() && order.life.working() != OrderState::kSubmitted;
    if (acknowledged && vanished_.insert(id).second) ++stats_.vanished_orders;
    Verified(id);
    NothingNew(inquiry);
  } else if (answer.outcome != OutcomeClass::kConfirmed) {
    NothingNew(inquiry);
  } else if (inquiry.cancel_open && order.open()) {
    if (VenueNow() > LatestEffect(order.cancel)) {
      Step(id, ExecKind::kCancelRejected,
           {.detail = "the cancel had no effect", .evidence = answer.evidence});
      return ReleaseHeld(id);
    }
    inquiry.want_state = true;
    NothingNew(inquiry);
    RepeatCancel(id);
  } else if (inquiry.want_state && !elsewhere) {
    NothingNew(inquiry);  // the answer was not enough
  }
}

void ExecutionEngine::SinceAnswered(const InFlight& request, const venue::Answer& answer,
                                    bool unexplained, const TrackedOrder& order, Inquiry& inquiry) {
  const bool confirmed = answer.outcome == OutcomeClass::kConfirmed;
  if (confirmed && answer.more_trades) {
    return Ask(order, inquiry, Purpose::kInquirySince,
               venue_.MoreTrades(request.context, answer, VenueNow()), {}, request.context.since,
               unexplained);
  }
  const bool listed = VenueNow() - request.context.since <= venue_.absence().lists_back;
  if (confirmed && !unexplained && listed) {
    inquiry.trades_empty = true;
    Mention(inquiry.evidence, answer.evidence);
  } else {
    inquiry.query_empty = inquiry.trades_empty = false;
    inquiry.place = 0;
    NothingNew(inquiry);
  }
}

void ExecutionEngine::TimeAnswered(const venue::Answer& answer, const TrackedOrder& order,
                                   Inquiry& inquiry) {
  if (!answer.server_time) return NothingNew(inquiry);
  const base::Duration left = LatestEffect(order.place) - *answer.server_time;
  if (left < base::Duration(0)) {
    inquiry.time_proven = true;
    Mention(inquiry.evidence, answer.evidence);
  } else {
    // Its clock is a little behind ours.
    inquiry.next = now_ + std::min(left + kJustAfter, options_.inquiry_limit);
  }
}

}  // namespace gannet::execution
