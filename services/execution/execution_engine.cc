#include "services/execution/execution_engine.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/wire/canonical.h"
#include "services/execution/lost_order.h"

namespace gannet::execution {
namespace {

using market::ExecKind;
using market::OrderState;
using market::RejectReason;

std::string JournalEvidence(uint64_t request) { return absl::StrCat("journal:request ", request); }

// Journaled as taken up, its bytes never written: nothing of it can have left.
bool NeverWritten(const TrackedOrder& order) {
  return order.life.working() == OrderState::kSubmitted && order.place.id == 0 && !order.external;
}

bool JoinsBatch(const market::OrderIntent& intent, const venue::OrderVenue& venue) {
  return intent.kind == market::IntentKind::kNew && venue.FitsPlaceBatch(intent);
}

constexpr std::string_view kNobodyAttends = "strategy is not heard, nobody looks after it";

// `in_second` zero: any number.
size_t MostIn(size_t batch, uint32_t in_second) {
  return in_second == 0 ? batch : std::min<size_t>(batch, in_second);
}

}  // namespace

std::string NotSentError(const Block& block) {
  return absl::StrCat(std::string(kNotSentPrefix), static_cast<int>(block.reason), ": ",
                      block.text);
}

std::string AnewError(const Block& block) {
  return absl::StrCat(std::string(kAnewPrefix), block.text);
}

ExecutionEngine::ExecutionEngine(ExecutionOptions options, venue::OrderVenue& venue,
                                 ExecutionOutput& out)
    : options_(std::move(options)),
      venue_(venue),
      out_(out),
      state_(options_.account, options_.domain),
      budget_(options_.rate) {
  if (options_.check_key)
    key_problem_ = "no order leaves before the venue has said what the API key may do";
}

void ExecutionEngine::Enter(const market::Header& cause, base::Time now) {
  DecideGathered();
  cause_ = cause;
  now_ = std::max(now_, now);
}

// --- verdicts ----------------------------------------------------------------------

void ExecutionEngine::OnVerdict(const market::Event<market::RiskDecision>& event, base::Time now) {
  now_ = std::max(now_, now);
  const auto& waiting = state_.unanswered_verdicts();
  const auto found = waiting.find(event.value.intent.client_order_id);
  if (found == waiting.end() || found->second.decision != event.value)
    return;  // a denial, or a repetition
  const bool may_join = MostInPlaceBatch() > 1 && JoinsBatch(event.value.intent, venue_);
  if (!may_join && gathered_.empty()) {  // decided as it stands in the event, without a copy
    const market::EventId correlation = found->second.correlation;
    cause_ = event.header;
    return Decide(event.value, correlation);
  }
  const bool gathered = std::any_of(gathered_.begin(), gathered_.end(), [&](const Gathered& one) {
    return one.verdict == found->second;
  });
  if (gathered) return;
  gathered_.push_back({found->second, event.header});
  if (!may_join || gathered_.size() >= MostInPlaceBatch()) DecideGathered();
}

// A batch beyond what a second takes would never go.
size_t ExecutionEngine::MostInPlaceBatch() const {
  return MostIn(venue_.MostInPlaceBatch(), options_.rate.orders_per_second);
}
size_t ExecutionEngine::MostInCancelBatch() const {
  return MostIn(venue_.MostInBatch(), options_.rate.cancels_per_second);
}

void ExecutionEngine::DecideGathered() {
  std::vector<Gathered> placements;
  for (Gathered& one : std::exchange(gathered_, {})) {
    if (JoinsBatch(one.verdict.decision.intent, venue_)) {
      placements.push_back(std::move(one));
      continue;
    }
    PlaceTogether(std::exchange(placements, {}));
    cause_ = one.cause;
    Decide(one.verdict.decision, one.verdict.correlation);
  }
  PlaceTogether(std::move(placements));
}

void ExecutionEngine::PlaceTogether(std::vector<Gathered> placements) {
  std::vector<Gathered> permitted;
  if (placements.size() > 1) {
    for (const Gathered& one : placements) {
      if (!CheckVerdict(one.verdict.decision)) permitted.push_back(one);
    }
  }
  const bool in_one = permitted.size() > 1 && JournalBatch(permitted);
  for (const Gathered& one : placements) {
    if (in_one &&
        !state_.unanswered_verdicts().contains(one.verdict.decision.intent.client_order_id))
      continue;
    cause_ = one.cause;
    Decide(one.verdict.decision, one.verdict.correlation);
  }
}

bool ExecutionEngine::JournalBatch(const std::vector<Gathered>& placements) {
  std::vector<market::OrderIntent> asked;
  asked.reserve(placements.size());
  std::vector<venue::Placement> orders;
  std::vector<market::ClientOrderId> ids;
  for (const Gathered& one : placements) {
    const market::OrderIntent& intent = one.verdict.decision.intent;
    asked.push_back(Netted(intent, intent.quantity, *directory_.Find(intent.instrument), asked)
                        .value_or(intent));
    orders.push_back({&asked.back(), intent.quantity, directory_.Find(intent.instrument)});
    ids.push_back(intent.client_order_id);
  }
  absl::StatusOr<venue::WireRequest> wire = venue_.PlaceBatch(orders, VenueNow());
  // One by one they go too, and each of them is told why not.
  if (!wire.ok() || !budget_.Take(*wire, RateBudget::Use::kSpare, now_)) return false;
  for (const Gathered& one : placements) {
    const market::OrderIntent& intent = one.verdict.decision.intent;
    cause_ = one.cause;
    GANNET_CHECK(EnsureInstrument(intent.instrument, intent.instrument_version),
                 "the verdict was checked against its definition");
    ++stats_.verdicts;
    ++stats_.journaled;
    market::ExecReport report =
        market::ReportOf(intent, ExecKind::kJournaled, OrderState::kSubmitted);
    report.evidence = JournalEvidence(state_.next_request_id());
    out_.Emit(std::move(report), Chain(one.verdict.correlation, {}));
  }
  ++stats_.place_batches;
  stats_.batched_placements += placements.size();
  venue::RequestContext context{.kind = wire->kind,
                                .instrument = orders[0].intent->instrument,
                                .client_order_id = orders[0].intent->client_order_id,
                                .targets = std::move(ids)};
  SendJournaled(Purpose::kPlaceBatch, *std::move(wire), std::move(context), {});
  return true;
}

void ExecutionEngine::PlaceSingly(const std::vector<market::ClientOrderId>& ids) {
  for (const market::ClientOrderId& id : ids) {
    const TrackedOrder* order = state_.Find(id);
    if (order == nullptr || !order->open()) continue;
    if (order->life.state() == OrderState::kSubmitted) {
      SendPlacement(id, order->quantity);
    } else {  // its cancel may be on the way, and must not come before it
      Step(id, ExecKind::kNotSent,
           {.detail = "cancelled before it was sent",
            .evidence = "local:no byte left",
            .local_reason = RejectReason::kGateClosed});
    }
  }
}

void ExecutionEngine::Decide(const market::RiskDecision& verdict,
                             const market::EventId& correlation) {
  ++stats_.verdicts;
  const bool amends = verdict.intent.kind == market::IntentKind::kAmend;
  if (const std::optional<Block> block = CheckVerdict(verdict)) {
    amends ? AmendNotSent(verdict.intent, correlation, *block)
           : NotSent(verdict.intent, correlation, *block);
  } else if (amends) {
    SendAmendment(verdict, correlation);
  } else {
    Journal(verdict.intent, correlation);
  }
}

std::optional<Block> ExecutionEngine::CheckVerdict(const market::RiskDecision& verdict) const {
  const market::OrderIntent& intent = verdict.intent;
  if (const TrackedOrder* holder = state_.Find(intent.client_order_id)) {
    return Block{RejectReason::kMalformed, absl::StrCat("the name ", intent.client_order_id.text(),
                                                        " is taken by another order, of strategy ",
                                                        holder->intent.strategy.text())};
  }
  if (wire::IntentHash(intent) != intent.hash) {
    return Block{RejectReason::kMalformed, "the verdict's hash is not that of its intent"};
  }
  if (intent.quantity.mantissa <= 0)
    return Block{RejectReason::kMalformed, "the quantity is not positive"};
  if (intent.account != options_.account) {
    return Block{RejectReason::kUnknownAccount,
                 "execution serves account " + options_.account.text()};
  }
  if (!venue_.Serves(intent.instrument)) {
    return Block{RejectReason::kUnknownInstrument,
                 absl::StrCat("execution serves ", std::string(venue_.name()))};
  }
  if (verdict.epoch < state_.epoch()) {
    return Block{RejectReason::kGateClosed, absl::StrCat("verdict of epoch ", verdict.epoch,
                                                         ", the epoch is ", state_.epoch())};
  }
  if (now_ > verdict.expires) return Block{RejectReason::kGateClosed, "the verdict expired"};
  const bool amends = intent.kind == market::IntentKind::kAmend;
  if (amends) {
    if (const auto block = CheckAmend(intent)) return block;
  }
  const TrackedOrder* amended = amends ? state_.Find(intent.target) : nullptr;
  const bool only_reduces = amends && amended->OnlyReduces(intent.price, intent.quantity);
  const market::Quantity rest = amends ? intent.quantity - amended->cumulative : intent.quantity;
  if (const auto block = Gate(intent, rest, only_reduces)) return block;
  const market::Instrument* instrument = directory_.Find(intent.instrument);
  if (instrument == nullptr)
    return Block{RejectReason::kUnknownInstrument, "no definition of the instrument has come"};
  if (instrument->version != intent.instrument_version) {
    return Block{RejectReason::kInstrumentVersion,
                 absl::StrCat("intent speaks of version ", intent.instrument_version,
                              ", the instrument is at ", instrument->version)};
  }
  if (intent.kind == market::IntentKind::kReplace) return CheckReplace(intent);
  return std::nullopt;
}

std::optional<Block> ExecutionEngine::Gate(const market::OrderIntent& intent,
                                           market::Quantity quantity, bool only_reduces) const {
  if (draining_) return Block{RejectReason::kGateClosed, "execution is stopping"};
  const market::Instrument* instrument = directory_.Find(intent.instrument);
  // Of what has no definition nothing is known to be held.
  const int scale = instrument != nullptr ? instrument->quantity_scale : 0;
  if (auto block = state_.Blocked(intent, market::Money(quantity.mantissa, scale), only_reduces))
    return block;
  if (!key_problem_.empty()) return Block{RejectReason::kGateClosed, key_problem_};
  if (!ready_)
    return Block{RejectReason::kGateClosed,
                 "orders and balances are not reconciled with the venue yet"};
  // What is not explained here stands in the way of more, not of less: it is no larger than what
  // the venue has just proven.
  if (state_.EmergencyOf(intent.client_order_id) != nullptr) return std::nullopt;
  if (const auto halt = state_.halts().find(intent.instrument); halt != state_.halts().end())
    return Block{RejectReason::kGateClosed, halt->second.reason};
  if (instrument != nullptr) {
    const market::AssetId& asset =
        instrument->kind == market::InstrumentKind::kSpot ? instrument->base : instrument->settle;
    if (state_.differences().contains(asset)) {
      return Block{RejectReason::kGateClosed,
                   absl::StrCat("the balance of ", asset.text(), " is not explained")};
    }
  }
  if (state_.position_differences().contains(intent.instrument)) {
    return Block{RejectReason::kGateClosed,
                 "the position in this instrument is not explained by fills"};
  }
  for (const market::ClientOrderId& id : vanished_) {
    const TrackedOrder* order = state_.Find(id);
    if (order != nullptr && order->intent.instrument == intent.instrument) {
      return Block{RejectReason::kGateClosed, NotFoundAtVenue(id)};
    }
  }
  if (!options_.block_on_unknown) return std::nullopt;
  for (const market::ClientOrderId& id : state_.open()) {
    const TrackedOrder* order = state_.Find(id);
    if (order->life.state() == OrderState::kUnknown &&
        order->intent.instrument == intent.instrument) {
      return Block{RejectReason::kGateClosed,
                   absl::StrCat("order ", id.text(), " in this instrument is UNKNOWN")};
    }
  }
  return std::nullopt;
}

std::optional<Block> ExecutionEngine::CheckReplace(const market::OrderIntent& intent) const {
  const TrackedOrder* target = state_.Find(intent.target);
  if (target == nullptr)
    return Block{RejectReason::kMalformed, "the order to be replaced is not known"};
  const OrderState state = target->life.state();
  if (!target->open())
    return Block{RejectReason::kMalformed,
                 absl::StrCat("the order to be replaced is ", Name(state))};
  if (target->intent.instrument != intent.instrument || target->intent.side != intent.side) {
    return Block{RejectReason::kMalformed, "a replacement keeps instrument and side"};
  }
  const bool works = state == OrderState::kAccepted || state == OrderState::kTriggered ||
                     state == OrderState::kPartiallyFilled;
  if (!works || CancelUnderWay(intent.target)) {
    return Block{RejectReason::kGateClosed, absl::StrCat("the order to be replaced is ",
                                                         Name(state), "; wait for its answer")};
  }
  return std::nullopt;
}

std::optional<Block> ExecutionEngine::CheckAmend(const market::OrderIntent& intent) const {
  const TrackedOrder* target = state_.Find(intent.target);
  if (target == nullptr || target->external)
    return Block{RejectReason::kMalformed, "the order to be amended is not known"};
  const OrderState state = target->life.state();
  if (!target->open())
    return Block{RejectReason::kMalformed,
                 absl::StrCat("the order to be amended is ", Name(state))};
  const market::OrderIntent& order = target->intent;
  if (order.strategy != intent.strategy || order.instrument != intent.instrument ||
      order.instrument_version != intent.instrument_version || order.side != intent.side ||
      order.type != intent.type || order.time_in_force != intent.time_in_force ||
      order.reduce_only != intent.reduce_only) {
    return Block{RejectReason::kMalformed,
                 "an amendment changes price and quantity and nothing else; replace the order"};
  }
  if (order.type != market::OrderType::kLimit) {
    return Block{RejectReason::kNotPermitted,
                 "only limit orders are changed in place; replace the order"};
  }
  const bool works = state == OrderState::kAccepted || state == OrderState::kPartiallyFilled;
  if (!works || target->amendment || CancelUnderWay(intent.target)) {
    return Block{RejectReason::kGateClosed,
                 absl::StrCat("the order to be amended is ", Name(state), "; wait for its answer")};
  }
  if (intent.quantity <= target->cumulative) {
    return Block{RejectReason::kMalformed,
                 "as much of the order is filled already; cancel what is left of it"};
  }
  return std::nullopt;
}

void ExecutionEngine::AmendNotSent(const market::OrderIntent& intent,
                                   const market::EventId& correlation, const Block& block) {
  ++stats_.not_sent;
  const TrackedOrder* target = state_.Find(intent.target);
  market::ExecReport report;
  if (target != nullptr) {
    report = ReportOf(*target, ExecKind::kReplaceRejected, {});
  } else {
    report = market::ReportOf(intent, ExecKind::kReplaceRejected, OrderState::kInitialized);
    report.client_order_id = intent.target;
  }
  report.target = intent.client_order_id;
  report.state = report.previous;
  report.detail = block.text;
  report.evidence = "local:gate";
  report.local_reason = block.reason;
  out_.Emit(std::move(report), Chain(correlation, {}));
}

void ExecutionEngine::SendAmendment(const market::RiskDecision& verdict,
                                    const market::EventId& correlation) {
  const market::OrderIntent& intent = verdict.intent;
  const TrackedOrder& order = *state_.Find(intent.target);
  const venue::Change change{.order = KeyOf(order),
                             .side = order.intent.side,
                             .price = intent.price,
                             .price_now = order.price,
                             .quantity = intent.quantity,
                             .quantity_now = order.quantity};
  absl::StatusOr<venue::WireRequest> wire =
      venue_.Amend(change, *directory_.Find(intent.instrument), VenueNow());
  if (!wire.ok())
    return AmendNotSent(intent, correlation,
                        {RejectReason::kNotPermitted, std::string(wire.status().message())});
  if (!budget_.Take(*wire, RateBudget::Use::kNormal, now_)) {
    return AmendNotSent(intent, correlation,
                        {RejectReason::kMessageRate, "the venue's request limit leaves no room"});
  }
  ++stats_.amendments;
  if (const auto inquiry = inquiries_.find(intent.target); inquiry != inquiries_.end())
    inquiry->second.amend_refusal.reset();
  Step(intent.target, ExecKind::kPendingUpdate,
       {.detail = absl::StrCat("amended by ", intent.client_order_id.text()),
        .evidence = JournalEvidence(state_.next_request_id()),
        .target = intent.client_order_id});
  venue::RequestContext context{.kind = wire->kind,
                                .instrument = intent.instrument,
                                .client_order_id = intent.target,
                                .venue_order_id = change.order.venue_order_id,
                                .type = intent.type};
  SendJournaled(Purpose::kAmend, *std::move(wire), std::move(context), intent.quantity);
}

void ExecutionEngine::NotSent(const market::OrderIntent& intent, const market::EventId& correlation,
                              const Block& block) {
  ++stats_.not_sent;
  market::ExecReport report = market::ReportOf(intent, ExecKind::kNotSent, OrderState::kDenied);
  report.detail = block.text;
  report.evidence = "local:gate";
  report.local_reason = block.reason;
  out_.Emit(std::move(report), Chain(correlation, {}));
}

void ExecutionEngine::Journal(const market::OrderIntent& intent,
                              const market::EventId& correlation) {
  const market::Instrument& instrument = *directory_.Find(intent.instrument);
  const bool replaces = intent.kind == market::IntentKind::kReplace;
  const TrackedOrder* target = replaces ? state_.Find(intent.target) : nullptr;
  // One request for both legs only while nothing of the first is filled: then the
  // second leg's size is right. Otherwise cancel, learn the final figure, place.
  const bool in_one =
      replaces && venue_.CancelReplaceUnfilled() && target->cumulative.mantissa == 0;
  const std::optional<market::OrderIntent> netted = Netted(intent, intent.quantity, instrument);
  const market::OrderIntent& asked = netted ? *netted : intent;
  absl::StatusOr<venue::WireRequest> wire =
      in_one ? venue_.CancelReplace(asked, intent.quantity, instrument, VenueNow())
             : venue_.Place(asked, intent.quantity, instrument, VenueNow());
  if (!wire.ok())
    return NotSent(intent, correlation,
                   {RejectReason::kNotPermitted, std::string(wire.status().message())});
  const bool held = replaces && !in_one;
  const bool emergency = state_.EmergencyOf(intent.client_order_id) != nullptr;
  const auto use = emergency ? RateBudget::Use::kCancel : RateBudget::Use::kNormal;
  if (!held && !budget_.Take(*wire, use, now_)) {
    return NotSent(intent, correlation,
                   {RejectReason::kMessageRate, "the venue's request limit leaves no room"});
  }
  if (!EnsureInstrument(intent.instrument, intent.instrument_version)) {
    return NotSent(intent, correlation,
                   {RejectReason::kUnknownInstrument, "no definition of the instrument has come"});
  }
  ++stats_.journaled;
  market::ExecReport report =
      market::ReportOf(intent, ExecKind::kJournaled, OrderState::kSubmitted);
  if (held) report.detail = "waits for the cancel of the order it replaces";
  if (emergency) report.detail = intent.reason;
  report.evidence = held ? "journal:held" : JournalEvidence(state_.next_request_id());
  out_.Emit(std::move(report), Chain(correlation, {}));

  venue::RequestContext context{.kind = wire->kind,
                                .instrument = intent.instrument,
                                .client_order_id = intent.client_order_id,
                                .type = intent.type};
  if (!replaces)
    return SendJournaled(Purpose::kPlace, *std::move(wire), std::move(context), intent.quantity);
  if (in_one) {
    Step(intent.target, ExecKind::kPendingCancel,
         {.detail = "replaced by " + intent.client_order_id.text(),
          .evidence = JournalEvidence(state_.next_request_id())});
    context.target = intent.target;
    return SendJournaled(Purpose::kReplace, *std::move(wire), std::move(context), intent.quantity);
  }
  held_.insert(intent.client_order_id);
  if (!SendCancel(intent.target, "replaced by " + intent.client_order_id.text())) {
    held_.erase(intent.client_order_id);
    Step(intent.client_order_id, ExecKind::kNotSent,
         {.detail = "the venue's request limit leaves no room for the cancel",
          .evidence = "local:rate",
          .local_reason = RejectReason::kMessageRate});
  }
}

void ExecutionEngine::SendPlacement(const market::ClientOrderId& id, market::Quantity quantity) {
  const TrackedOrder& order = *state_.Find(id);
  const auto refuse = [&](RejectReason reason, std::string text) {
    Step(id, ExecKind::kNotSent,
         {.detail = std::move(text), .evidence = "local:gate", .local_reason = reason});
  };
  const market::Instrument* instrument =
      state_.FindInstrument(order.intent.instrument, order.intent.instrument_version);
  if (instrument == nullptr)
    return refuse(RejectReason::kUnknownInstrument, "no definition of the instrument has come");
  if (now_ > order.verdict_expires)
    return refuse(RejectReason::kGateClosed, "the verdict expired before the order could be sent");
  if (order.epoch < state_.epoch())
    return refuse(RejectReason::kGateClosed, "verdict of an older epoch");
  if (const auto block = Gate(order.intent, quantity)) return refuse(block->reason, block->text);
  const std::optional<market::OrderIntent> netted = Netted(order.intent, quantity, *instrument);
  absl::StatusOr<venue::WireRequest> wire =
      venue_.Place(netted ? *netted : order.intent, quantity, *instrument, VenueNow());
  if (!wire.ok()) return refuse(RejectReason::kNotPermitted, std::string(wire.status().message()));
  if (!budget_.Take(*wire, RateBudget::Use::kNormal, now_)) {
    return refuse(RejectReason::kMessageRate, "the venue's request limit leaves no room");
  }
  venue::RequestContext context{.kind = wire->kind,
                                .instrument = order.intent.instrument,
                                .client_order_id = id,
                                .type = order.intent.type};
  SendJournaled(Purpose::kPlace, *std::move(wire), std::move(context), quantity);
}

// The gate has proven that the order reduces what its strategy holds. A venue that nets knows
// only what all of them hold together: when that is on the other side, or less, the order would
// be refused for as long as they do.
std::optional<market::OrderIntent> ExecutionEngine::Netted(
    const market::OrderIntent& intent, market::Quantity quantity,
    const market::Instrument& instrument, std::span<const market::OrderIntent> beside) const {
  if (!intent.reduce_only || !venue_.ReducesNet()) return std::nullopt;
  if (state_.EmergencyOf(intent.client_order_id) != nullptr) return std::nullopt;
  const auto closes_too = [&intent](const market::OrderIntent& other) {
    return other.reduce_only && other.instrument == intent.instrument && other.side == intent.side;
  };
  market::Money closing(quantity.mantissa, instrument.quantity_scale);
  for (const market::OrderIntent& other : beside) {
    if (closes_too(other))
      closing += market::Money(other.quantity.mantissa, instrument.quantity_scale);
  }
  for (const market::ClientOrderId& id : state_.open()) {
    const TrackedOrder& other = *state_.Find(id);
    if (id == intent.client_order_id || !closes_too(other.intent)) continue;
    const market::Instrument* spoken =
        state_.FindInstrument(intent.instrument, other.intent.instrument_version);
    closing += market::Money((other.most() - other.cumulative).mantissa, spoken->quantity_scale);
  }
  const market::Money held = state_.HeldPosition(intent.instrument);
  const market::Money most = intent.side == market::Side::kSell ? held : -held;
  if (most >= closing) return std::nullopt;
  market::OrderIntent plain = intent;
  plain.reduce_only = false;
  return plain;
}

// The first leg's end, or the failure of its cancel, decides what becomes of the
// legs that waited for it.
void ExecutionEngine::ReleaseHeld(const market::ClientOrderId& target) {
  std::vector<market::ClientOrderId> waiting;
  for (const market::ClientOrderId& id : held_) {
    if (state_.Find(id)->intent.target == target) waiting.push_back(id);
  }
  if (waiting.empty()) return;
  const TrackedOrder first = *state_.Find(target);
  for (const market::ClientOrderId& id : waiting) {
    held_.erase(id);
    const OrderState end = first.life.state();
    const market::Quantity left = state_.Find(id)->intent.quantity - first.cumulative;
    if ((end == OrderState::kCanceled || end == OrderState::kExpired) && left.mantissa > 0) {
      SendPlacement(id, left);
      continue;
    }
    const std::string why = first.open() ? "the order it replaces could not be cancelled"
                            : left.mantissa <= 0
                                ? "the order it replaces had filled as much"
                                : absl::StrCat("the order it replaces ended ", Name(end));
    Step(id, ExecKind::kNotSent,
         {.detail = why, .evidence = "local:first leg", .local_reason = RejectReason::kGateClosed});
  }
}

void ExecutionEngine::WithdrawHeld(const market::ClientOrderId& id, std::string why,
                                   RejectReason reason) {
  held_.erase(id);
  Step(id, ExecKind::kNotSent,
       {.detail = std::move(why), .evidence = "local:held", .local_reason = reason});
}

// --- cancels -----------------------------------------------------------------------

void ExecutionEngine::OnIntent(const market::Event<market::OrderIntent>& event, base::Time now) {
  Enter(event.header, now);
  const auto found = state_.unanswered_cancels().find(event.value.client_order_id);
  if (found == state_.unanswered_cancels().end() || found->second.intent != event.value) return;
  AnswerCancel(event.value, market::EventId(found->second.correlation));
}

void ExecutionEngine::AnswerCancel(const market::OrderIntent& intent,
                                   const market::EventId& correlation) {
  const TrackedOrder* order = state_.Find(intent.target);
  const auto turn_down = [&](const TrackedOrder& subject, std::string why) {
    market::ExecReport report =
        ReportOf(subject, ExecKind::kCancelRejected,
                 {.detail = absl::StrCat(why, "; cancel ", intent.client_order_id.text()),
                  .evidence = "local:order book"});
    report.state = report.previous;
    report.target = intent.target;
    out_.Emit(std::move(report), Chain(subject.correlation, {}));
    EmitNote(ToNote(CancelNote{intent.client_order_id, intent.target}));
  };
  if (order == nullptr) {
    TrackedOrder nobody;
    nobody.intent = intent;
    nobody.intent.client_order_id = intent.target;
    nobody.correlation = correlation;
    return turn_down(nobody, "no such order is known");
  }
  if (!order->open())
    return turn_down(TrackedOrder(*order),
                     absl::StrCat("the order is ", Name(order->life.state())));
  if (NeverWritten(*order)) {
    WithdrawHeld(intent.target, "cancelled before it was sent", RejectReason::kGateClosed);
  } else if (CancelUnderWay(intent.target)) {
    ++stats_.cancels_joined;
  } else if (!SendCancel(intent.target, "cancel " + intent.client_order_id.text())) {
    return Schedule(budget_.NextTry(now_), {TaskKind::kCancels, {}});
  }
  EmitNote(ToNote(CancelNote{intent.client_order_id, intent.target}));
}

bool ExecutionEngine::ByVenueId(const TrackedOrder& order) const {
  // What is EXTERNAL was never given a type here that a venue could tell apart by.
  const bool types_apart = venue_.TwoIdentities(market::OrderType::kStop);
  return order.by_venue_id() || (order.changed && !order.venue_order_id.empty()) ||
         (order.triggered && venue_.TwoIdentities(order.intent.type)) ||
         (types_apart && order.external && !order.venue_order_id.empty());
}

venue::OrderKey ExecutionEngine::KeyOf(const TrackedOrder& order) const {
  return {.instrument = order.intent.instrument,
          .client_order_id = order.id(),
          .venue_order_id = ByVenueId(order) ? order.venue_order_id : market::VenueOrderId(),
          .type = order.intent.type,
          .triggered = order.triggered || order.cumulative.mantissa > 0};
}

bool ExecutionEngine::Waits(const TrackedOrder& order) const {
  return !order.triggered && !order.external && venue_.TwoIdentities(order.intent.type);
}

bool ExecutionEngine::SendCancel(const market::ClientOrderId& id, std::string_view why) {
  const TrackedOrder& order = *state_.Find(id);
  const venue::OrderKey key = KeyOf(order);
  venue::WireRequest wire = venue_.Cancel(key, VenueNow());
  if (!budget_.Take(wire, RateBudget::Use::kCancel, now_)) return false;
  ++stats_.cancels;
  Step(id, ExecKind::kPendingCancel,
       {.detail = std::string(why), .evidence = JournalEvidence(state_.next_request_id())});
  venue::RequestContext context{.kind = wire.kind,
                                .instrument = key.instrument,
                                .client_order_id = id,
                                .target = id,
                                .venue_order_id = key.venue_order_id,
                                .type = key.type};
  SendJournaled(Purpose::kCancel, std::move(wire), std::move(context), {});
  return true;
}

bool ExecutionEngine::SendCancels(const std::vector<market::ClientOrderId>& ids,
                                  std::string_view why) {
  std::map<market::InstrumentId, std::vector<market::ClientOrderId>> batches;
  for (const market::ClientOrderId& id : ids) {
    const TrackedOrder& order = *state_.Find(id);
    if (!venue_.FitsBatch(KeyOf(order))) {
      if (!SendCancel(id, why)) return false;
      continue;
    }
    std::vector<market::ClientOrderId>& batch = batches[order.intent.instrument];
    batch.push_back(id);
    if (batch.size() < MostInCancelBatch()) continue;
    if (!SendCancelBatch(std::exchange(batch, {}), why)) return false;
  }
  for (const auto& [instrument, rest] : batches) {
    if (!rest.empty() && !SendCancelBatch(rest, why)) return false;
  }
  return true;
}

bool ExecutionEngine::SendCancelBatch(const std::vector<market::ClientOrderId>& ids,
                                      std::string_view why) {
  if (ids.size() == 1) return SendCancel(ids[0], why);
  std::vector<venue::OrderKey> keys;
  for (const market::ClientOrderId& id : ids) keys.push_back(KeyOf(*state_.Find(id)));
  venue::WireRequest wire = venue_.CancelBatch(keys, VenueNow());
  if (!budget_.Take(wire, RateBudget::Use::kCancel, now_)) return false;
  stats_.cancels += ids.size();
  ++stats_.cancel_batches;
  for (const market::ClientOrderId& id : ids) {
    Step(id, ExecKind::kPendingCancel,
         {.detail = std::string(why), .evidence = JournalEvidence(state_.next_request_id())});
  }
  venue::RequestContext context{.kind = wire.kind,
                                .instrument = keys[0].instrument,
                                .client_order_id = ids[0],
                                .target = ids[0],
                                .targets = ids};
  SendJournaled(Purpose::kCancelBatch, std::move(wire), std::move(context), {});
  return true;
}

void ExecutionEngine::RetryCancels() {
  std::vector<OpenCancel> waiting;
  for (const auto& [id, cancel] : state_.unanswered_cancels()) waiting.push_back(cancel);
  for (const OpenCancel& cancel : waiting) AnswerCancel(cancel.intent, cancel.correlation);
  if (!to_cancel_.empty()) CancelChosen();
}

bool ExecutionEngine::CancelUnderWay(const market::ClientOrderId& id) const {
  const auto inquiry = inquiries_.find(id);
  if (inquiry != inquiries_.end() && inquiry->second.cancel_open &&
      MayArrive(state_.Find(id)->cancel))
    return true;
  return std::any_of(in_flight_.begin(), in_flight_.end(),
                     [&](const auto& entry) { return entry.second.Cancels(id); });
}

bool ExecutionEngine::InFlight::Cancels(const market::ClientOrderId& order) const {
  switch (purpose) {
    case Purpose::kCancel:
    case Purpose::kReplace:
    case Purpose::kInquiryCancel:
      return context.target == order;
    case Purpose::kCancelBatch:
      return std::find(context.targets.begin(), context.targets.end(), order) !=
             context.targets.end();
    default:
      return false;
  }
}

// --- kill switch and commands --------------------------------------------------------

void ExecutionEngine::OnRiskState(const market::Event<market::RiskState>& event, base::Time now) {
  Enter(event.header, now);
  if (event.value.killed || event.value.scope.kind == market::ScopeKind::kService) Sweep();
}

void ExecutionEngine::OnCommand(const market::Event<market::Command>& event, base::Time now) {
  Enter(event.header, now);
  const market::Command& command = event.value;
  switch (command.kind) {
    case market::CommandKind::kKill:
      SetGate(event, true);
      if (options_.domain.Meets(command.scope)) BeginStop(event);
      Sweep();
      return StepStops();
    case market::CommandKind::kResume:
      // Only a person lifts a kill switch or a halt. A difference is signed by its own name.
      if (command.person.empty()) return;
      SetGate(event, false);
      if (command.scope == market::Scope{market::ScopeKind::kAccount, options_.account.text()}) {
        vanished_.clear();
        const std::map<market::InstrumentId, HaltNote> halts = state_.halts();
        for (const auto& [instrument, halt] : halts)
          SetHalt(instrument, false, command.reason, command.person);
      }
      return;
    case market::CommandKind::kCancelAll:
      FollowCancels(event);
      return CancelScope(command.scope);
    case market::CommandKind::kDrain:
      draining_ = true;
      return;
    case market::CommandKind::kSetTradingState:
      return;  // risk's to decide; it comes back as risk state
    case market::CommandKind::kSubmitOrder:
    case market::CommandKind::kReplaceOrder:
    case market::CommandKind::kAmendOrder:
    case market::CommandKind::kCancelOrder:
      return;  // strategy's to make intents of
    case market::CommandKind::kProposeLimits:
    case market::CommandKind::kApproveLimits:
    case market::CommandKind::kRejectLimits:
      return;  // risk's
  }
}

void ExecutionEngine::SetGate(const market::Event<market::Command>& event, bool killed) {
  const market::Command& command = event.value;
  GateNote gate{command.scope, killed, command.reason, command.person, std::nullopt};
  const auto before = state_.own_gates().find(command.scope);
  if (killed && command.flatten) {
    gate.flatten = GateNote::Flatten{event.header.id, command.request_id};
  } else if (killed && before != state_.own_gates().end()) {
    gate.flatten = before->second.flatten;  // one that is under way goes on
  }
  EmitNote(ToNote(gate));
}

void ExecutionEngine::CancelScope(const market::Scope& scope) {
  for (const TrackedOrder* order : state_.OpenIn(scope)) to_cancel_.insert(order->id());
  CancelChosen();
}

void ExecutionEngine::CancelChosen() {
  std::vector<market::ClientOrderId> chosen;
  for (const market::ClientOrderId& id : std::exchange(to_cancel_, {})) {
    const TrackedOrder* order = state_.Find(id);
    if (order == nullptr || !order->open() || CancelUnderWay(id)) continue;
    if (NeverWritten(*order)) {
      WithdrawHeld(id, "cancel all", RejectReason::kGateClosed);
    } else {
      chosen.push_back(id);
    }
  }
  if (SendCancels(chosen, "cancel all")) return;
  for (const market::ClientOrderId& id : chosen) {
    if (CancelUnderWay(id)) continue;
    to_cancel_.insert(id);
    if (!state_.Find(id)->cancel_wanted) EmitNote(ToNote(CancelNote{{}, id}));
  }
  Schedule(budget_.NextTry(now_), {TaskKind::kCancels, {}});
}

void ExecutionEngine::Sweep() {
  bool more = false;
  std::vector<market::ClientOrderId> killed, unattended;
  const std::set<market::ClientOrderId> open = state_.open();
  for (const market::ClientOrderId& id : open) {
    const TrackedOrder* order = state_.Find(id);
    if (order == nullptr || !order->open() || order->emergency) continue;
    const bool is_killed = state_.Killed(order->intent);
    const bool is_left =
        !is_killed && !order->external && state_.Unattended(order->intent) != nullptr;
    if (!order->twin() && !is_killed && !is_left) continue;
    if (NeverWritten(*order)) {
      if (is_left) {
        WithdrawHeld(id, std::string(kNobodyAttends), RejectReason::kGateClosed);
      } else {
        WithdrawHeld(id, "kill switch", RejectReason::kKillSwitch);
      }
      continue;
    }
    more = true;
    const auto inquiry = inquiries_.find(id);
    const bool being_found_out = inquiry != inquiries_.end() && MayArrive(order->cancel);
    if (CancelUnderWay(id) || being_found_out) continue;
    if (!order->twin()) {
      (is_left ? unattended : killed).push_back(id);
    } else if (!SendCancel(id, "nobody asked for it")) {
      break;
    }
  }
  SendCancels(killed, "kill switch");
  SendCancels(unattended, kNobodyAttends);
  if (more) Schedule(now_ + options_.sweep_every, {TaskKind::kSweep, {}});
}

// --- sending -------------------------------------------------------------------------

bool ExecutionEngine::Learn(const market::InstrumentId& id) {
  const market::Instrument* instrument = directory_.Find(id);
  return instrument != nullptr && state_.NewestInstrument(id) == nullptr &&
         EnsureInstrument(id, instrument->version);
}

bool ExecutionEngine::EnsureInstrument(const market::InstrumentId& id, uint32_t version) {
  if (state_.FindInstrument(id, version) != nullptr) return true;
  const market::Instrument* instrument = directory_.Find(id);
  if (instrument == nullptr || instrument->version != version) return false;
  EmitNote(ToNote(*instrument));
  return true;
}

void ExecutionEngine::SendJournaled(Purpose purpose, venue::WireRequest wire,
                                    venue::RequestContext context, market::Quantity quantity) {
  const uint64_t id = state_.next_request_id();
  context.request_id = id;
  context.asked_at = VenueNow();
  RequestNote note;
  note.id = id;
  note.kind = wire.kind;
  note.order = context.client_order_id;
  note.target = purpose == Purpose::kReplace ? context.target : market::ClientOrderId();
  if (!context.targets.empty())
    note.others.assign(context.targets.begin() + 1, context.targets.end());
  note.timestamp = wire.timestamp;
  note.receive_window = wire.receive_window;
  note.quantity = quantity;
  const bool places =
      purpose == Purpose::kPlace || purpose == Purpose::kPlaceBatch || purpose == Purpose::kReplace;
  const bool asks_gate = places || purpose == Purpose::kAmend;
  EmitNote(ToNote(note, wire));
  OutgoingRequest request{.id = id,
                          .wire = std::move(wire),
                          .order = asks_gate ? context.client_order_id : market::ClientOrderId(),
                          .about = context.client_order_id,
                          .others = std::move(note.others),
                          .needs_verdict = asks_gate};
  const market::InstrumentId instrument = context.instrument;
  std::set<market::InstrumentId> of_batch;
  if (purpose == Purpose::kPlaceBatch) {
    for (const market::ClientOrderId& placed : context.targets)
      of_batch.insert(state_.Find(placed)->intent.instrument);
  }
  in_flight_.emplace(id, InFlight{purpose, std::move(context), {}, now_, 0});
  out_.Send(std::move(request));
  if (places && of_batch.empty()) ArmDeadMan(instrument);
  for (const market::InstrumentId& placed : of_batch) ArmDeadMan(placed);
}

bool ExecutionEngine::SendQuery(Purpose purpose, venue::WireRequest wire,
                                venue::RequestContext context, market::VenueOrderId venue_order,
                                RateBudget::Use use, uint64_t session) {
  if (in_flight_.size() >= kMaxQueriesUnderWay) return false;
  const bool over_http = !wire.method.empty();
  if (over_http && !budget_.Take(wire, use, now_)) return false;
  const uint64_t id = kQueryBit | ++queries_;
  context.request_id = id;
  context.asked_at = VenueNow();
  if (session == 0 && reconciliation_) session = reconciliation_->number;
  if (over_http)
    in_flight_.emplace(
        id, InFlight{purpose, std::move(context), std::move(venue_order), now_, session});
  out_.Send(OutgoingRequest{.id = id, .wire = std::move(wire)});
  return true;
}

base::Time ExecutionEngine::LatestEffect(const JournaledRequest& request) const {
  return request.timestamp + request.receive_window + venue_.absence().engine_timeout;
}

std::optional<Block> ExecutionEngine::SendBlock(const OutgoingRequest& request,
                                                base::Time wall) const {
  if (wall < budget_.PausedUntil(request.wire))
    return Block{RejectReason::kMessageRate, "the venue asked for a pause before the bytes left"};
  if (!request.needs_verdict) return std::nullopt;
  std::optional<Block> block = OrderBlock(request.order, request, wall);
  for (size_t i = 0; i < request.others.size() && !block; ++i)
    block = OrderBlock(request.others[i], request, wall);
  return block;
}

std::optional<Block> ExecutionEngine::OrderBlock(const market::ClientOrderId& id,
                                                 const OutgoingRequest& request,
                                                 base::Time wall) const {
  const TrackedOrder* order = state_.Find(id);
  if (order == nullptr || !order->open())
    return Block{RejectReason::kGateClosed, "the order is closed"};
  const bool amends = request.wire.kind == venue::RequestKind::kAmend;
  const std::optional<Amendment>& amendment = order->amendment;
  if (amends && (!amendment || amendment->request.id != request.id))
    return Block{RejectReason::kGateClosed, "the amendment is answered already"};
  if ((amends ? amendment->epoch : order->epoch) < state_.epoch())
    return Block{RejectReason::kGateClosed, "verdict of an older epoch"};
  if (wall > (amends ? amendment->verdict_expires : order->verdict_expires))
    return Block{RejectReason::kGateClosed, "the verdict expired before its bytes could leave"};
  const auto rest = [&](market::Quantity quantity) {
    return market::Money(
        quantity.mantissa,
        state_.FindInstrument(order->intent.instrument, order->intent.instrument_version)
            ->quantity_scale);
  };
  if (!amends) return state_.Blocked(order->intent, rest(order->quantity));
  return state_.Blocked(order->intent, rest(amendment->quantity - order->cumulative),
                        order->OnlyReduces(amendment->price, amendment->quantity));
}

bool ExecutionEngine::placements_under_way() const {
  return std::any_of(in_flight_.begin(), in_flight_.end(), [](const auto& entry) {
    return entry.second.purpose == Purpose::kPlace || entry.second.purpose == Purpose::kReplace ||
           entry.second.purpose == Purpose::kCancel || entry.second.purpose == Purpose::kAmend ||
           entry.second.purpose == Purpose::kPlaceBatch ||
           entry.second.purpose == Purpose::kCancelBatch;
  });
}

void ExecutionEngine::OnInstrument(const market::Event<market::Instrument>& event, base::Time now) {
  Enter(event.header, now);
  directory_.Put(event.value);
  // What could not be read is found by its trades.
  if (undefined_.erase(event.value.id) > 0 &&
      EnsureInstrument(event.value.id, event.value.version) && subscribed_ && !reconciliation_)
    BeginReconciliation();
}

// --- time and restart ------------------------------------------------------------------

void ExecutionEngine::Schedule(base::Time at, Task task) {
  if (task.kind != TaskKind::kInquiry) {
    const auto found = scheduled_.find(task.kind);
    if (found != scheduled_.end() && found->second <= at) return;
    at = std::max(at, now_);
    scheduled_[task.kind] = at;
  }
  schedule_.emplace(std::max(at, now_), std::move(task));
}

void ExecutionEngine::OnWake(const market::Header& cause, base::Time now) {
  Enter(cause, now);
  while (!schedule_.empty() && schedule_.begin()->first <= now_) {
    const auto [at, task] = *schedule_.begin();
    schedule_.erase(schedule_.begin());
    if (task.kind != TaskKind::kInquiry) {
      const auto current = scheduled_.find(task.kind);
      if (current == scheduled_.end() || current->second != at)
        continue;  // another took its place, and may have run since
      scheduled_.erase(current);
    }
    switch (task.kind) {
      case TaskKind::kInquiry:
        if (const auto inquiry = inquiries_.find(task.order); inquiry != inquiries_.end()) {
          inquiry->second.scheduled = base::Time::max();
          StepInquiry(task.order);
        }
        break;
      case TaskKind::kReconcile:
        reconciliation_ ? ContinueReconciliation() : BeginReconciliation();
        break;
      case TaskKind::kBalances:
        if (!SendQuery(Purpose::kAccount, venue_.Account(VenueNow()),
                       {.kind = venue::RequestKind::kAccount})) {
          Schedule(now_ + options_.recheck_after, task);
        }
        break;
      case TaskKind::kTimeSync:
        SyncTime();
        break;
      case TaskKind::kCancels:
        RetryCancels();
        break;
      case TaskKind::kSweep:
        Sweep();
        break;
      case TaskKind::kSubscribe:
        CheckSubscription();
        break;
      case TaskKind::kStreamKey:
        AskStreamKey();
        break;
      case TaskKind::kDeadMan:
        RenewDeadMan();
        break;
      case TaskKind::kHeartbeat:
        Beat();
        break;
      case TaskKind::kKeyRights:
        AskKeyRights();
        break;
      case TaskKind::kInspect:
        ContinueInspection();
        break;
      case TaskKind::kStop:
        break;  // below
      case TaskKind::kBalanceChanges:
        if (!AskBalanceChanges())
          Schedule(now_ + options_.recheck_after, {TaskKind::kBalanceChanges, {}});
        break;
    }
  }
  StepStops();
}

void ExecutionEngine::Resume(const market::Header& cause, base::Time now) {
  Enter(cause, now);
  budget_.Restore(state_.pause());
  std::vector<OpenVerdict> verdicts;
  for (const auto& [id, verdict] : state_.unanswered_verdicts()) verdicts.push_back(verdict);
  for (const OpenVerdict& verdict : verdicts) Decide(verdict.decision, verdict.correlation);

  const auto search = [this](const TrackedOrder& order) {
    Inquiry& inquiry = BeginSearch(order.id());
    if (order.cancel_wanted && order.cancel.id != 0)
      inquiry.cancel_open = inquiry.want_state = true;
  };
  const std::set<market::ClientOrderId> open = state_.open();
  for (const market::ClientOrderId& id : open) {
    const TrackedOrder order = *state_.Find(id);
    // By a cancel of all that had no room; where a request of it is out, an inquiry follows that.
    const OrderState state = order.life.state();
    const bool followed = state == OrderState::kPendingCancel ||
                          (state == OrderState::kUnknown && order.cancel.id != 0);
    if (order.cancel_wanted && !followed) to_cancel_.insert(id);
    if (order.external) continue;
    if (order.life.state() == OrderState::kUnknown) {
      search(order);
    } else if (NeverWritten(order)) {
      Step(id, ExecKind::kNotSent,
           {.detail = "restarted before the request was written",
            .evidence = "journal:no request",
            .local_reason = RejectReason::kGateClosed});
    } else if (order.life.working() == OrderState::kSubmitted) {
      // Written, so it may have left; whatever came back died with the process.
      ++stats_.unknown_outcomes;
      Step(id, ExecKind::kUnknown,
           {.detail = "restarted before the answer", .evidence = JournalEvidence(order.place.id)});
      search(order);
    } else if (order.life.state() == OrderState::kPendingCancel) {
      Inquiry& inquiry = Inquire(id, options_.stream_wait);
      inquiry.cancel_open = inquiry.want_state = true;
    }
    if (order.amendment && order.amendment->request.id == 0) {
      AmendRejected(id, {.detail = "restarted before the request was written",
                         .evidence = "journal:no request",
                         .local_reason = RejectReason::kGateClosed});
    } else if (order.amendment) {
      Inquire(id, options_.stream_wait).want_state = true;
    }
  }
  if (!state_.unanswered_cancels().empty() || !to_cancel_.empty())
    Schedule(now_ + options_.stream_wait, {TaskKind::kCancels, {}});
  if (options_.dead_man > base::Duration(0) && !state_.open().empty())
    Schedule(now_, {TaskKind::kDeadMan, {}});
  Sweep();
  ResumeStops();
}

}  // namespace gannet::execution
