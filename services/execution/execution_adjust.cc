// What people sign of differences that nothing explains and of orders that the venue does not
// find, and what shuts an instrument.
#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "services/execution/execution_engine.h"
#include "services/execution/lost_order.h"

namespace gannet::execution {
namespace {

using market::Money;
using Decision = AdjustmentNote::Step;

constexpr size_t kMaxOpenProposals = 20;

absl::Status Refused(std::string why) { return absl::FailedPreconditionError(std::move(why)); }

std::string Words(const AdjustmentNote& note) {
  if (!note.order.empty())
    return absl::StrCat(note.amount.ToString(), " filled of order ", note.order.text());
  if (note.asset.empty())
    return absl::StrCat(note.amount.ToString(), " of ", note.instrument.text());
  return absl::StrCat(note.amount.ToString(), " ", note.asset.text(), " as a ",
                      note.transfer ? kAsTransfer : kAsResult);
}

}  // namespace

void ExecutionEngine::Adjust(uint64_t ticket, const AdjustRequest& request,
                             const market::Header& cause, base::Time now) {
  Enter(cause, now);
  out_.Adjusted(ticket, Decide(request));
}

absl::StatusOr<AdjustAnswer> ExecutionEngine::Decide(const AdjustRequest& request) {
  if (request.person.empty() || request.reason.empty())
    return Refused("an adjustment takes a person and a reason; give both");
  if (request.step == Decision::kProposed) return Propose(request);
  const uint64_t number = request.proposal;
  const auto found = state_.adjustments().find(number);
  if (found == state_.adjustments().end())
    return Refused(
        absl::StrCat("there is no proposal ", number, "; `gannet adjust list` has them"));
  const ExecutionState::Adjustment adjustment = found->second;
  if (adjustment.decided) {
    if (adjustment.decided->step == request.step && adjustment.decided->person == request.person)
      return AdjustAnswer{number, absl::StrCat("proposal ", number, " is decided so already")};
    return Refused(
        absl::StrCat("proposal ", number, " was ",
                     adjustment.decided->step == Decision::kApproved ? "approved" : "rejected",
                     " by ", adjustment.decided->person, " already; make a new one"));
  }
  std::string said = absl::StrCat("proposal ", number, " is rejected");
  if (request.step == Decision::kApproved) {
    GANNET_ASSIGN_OR_RETURN(said, Book(adjustment.proposed, request));
  }
  EmitNote(ToNote(AdjustmentNote{.step = request.step,
                                 .proposal = number,
                                 .person = request.person,
                                 .reason = request.reason,
                                 .time = now_}));
  return AdjustAnswer{number, std::move(said)};
}

absl::StatusOr<AdjustAnswer> ExecutionEngine::Propose(const AdjustRequest& request) {
  GANNET_ASSIGN_OR_RETURN(AdjustmentNote note, Subject(request));
  size_t open = 0;
  for (const auto& [known, adjustment] : state_.adjustments()) {
    const AdjustmentNote& before = adjustment.proposed;
    if (adjustment.decided || state_.DifferenceOf(before) != std::optional(before.amount)) continue;
    ++open;
    if (before.person == note.person && before.asset == note.asset &&
        before.instrument == note.instrument && before.price == note.price &&
        before.order == note.order && before.transfer == note.transfer)
      return AdjustAnswer{known, absl::StrCat("proposal ", known, " says so already")};
  }
  if (open >= kMaxOpenProposals)
    return Refused(absl::StrCat(open, " proposals wait to be decided; reject some first"));
  note.proposal = state_.next_adjustment();
  EmitNote(ToNote(note));
  return AdjustAnswer{
      note.proposal,
      absl::StrCat("proposal ", note.proposal, note.order.empty() ? ": book " : ": end with ",
                   Words(note), "; ", options_.four_eyes ? "another person" : "a person",
                   " approves or rejects it")};
}

// The difference that the request names, as it is now.
absl::StatusOr<AdjustmentNote> ExecutionEngine::Subject(const AdjustRequest& request) {
  if (!request.order.empty()) return OrderSubject(request);
  AdjustmentNote note{.person = request.person, .reason = request.reason, .time = now_};
  const bool position = request.subject.find(':') != std::string::npos;
  if (position) {
    note.instrument = market::InstrumentId(request.subject);
  } else {
    note.asset = market::AssetId(request.subject);
  }
  const std::optional<Money> difference = state_.DifferenceOf(note);
  if (!difference) {
    return Refused(absl::StrCat("there is no difference of '", request.subject, "' in ",
                                options_.account.text(),
                                " to be signed; `gannet reconcile` shows what differs"));
  }
  note.amount = *difference;
  if (!position) {
    if (!request.price.empty()) return Refused("an asset is booked without a price; leave it out");
    // Losses and returns rest on it, and only people know.
    note.transfer = request.book_as == kAsTransfer;
    if (note.transfer || request.book_as == kAsResult) return note;
    return Refused(
        "an asset is booked as a transfer (deposit, withdrawal, between accounts) or as a result "
        "(rebate, fee, loss): say which, --as transfer or --as result");
  }
  if (!request.book_as.empty())
    return Refused("a position is booked at its price, as nothing else; leave --as out");
  const market::Instrument* instrument = directory_.Find(note.instrument);
  if (instrument == nullptr)
    return Refused("no definition of the instrument has come; add it to the instruments of ingest");
  const auto parsed = instrument->ParsePrice(request.price);
  if (!parsed || parsed->mantissa <= 0) {
    return Refused(absl::StrCat("a position is booked at a price: give one with at most ",
                                instrument->price_scale, " digits after the point"));
  }
  note.price = *parsed;
  return note;
}

absl::Status ExecutionEngine::CheckVanished(const market::ClientOrderId& id) const {
  const TrackedOrder* order = state_.Find(id);
  if (order == nullptr) return Refused(absl::StrCat("no order ", id.text(), " is known"));
  if (!order->open())
    return Refused(absl::StrCat("order ", id.text(), " is ", Name(order->life.state())));
  if (vanished_.contains(id)) return absl::OkStatus();
  return Refused(absl::StrCat("the venue has not said that it does not find order ", id.text(),
                              "; `gannet reconcile` asks, `gannet order cancel` withdraws it"));
}

// Figures are never turned into fills: another figure than what is booked cannot be signed.
absl::StatusOr<AdjustmentNote> ExecutionEngine::OrderSubject(const AdjustRequest& request) const {
  if (!request.subject.empty() || !request.price.empty() || !request.book_as.empty())
    return Refused("the end of an order takes neither an asset, a price nor --as; leave them out");
  if (request.evidence.empty()) {
    return Refused(
        "the end of an order takes evidence: where it can be seen that it is over (the venue's own "
        "page, a ticket)");
  }
  GANNET_RETURN_IF_ERROR(CheckVanished(request.order));
  AdjustmentNote note{.person = request.person,
                      .reason = request.reason,
                      .time = now_,
                      .order = request.order,
                      .evidence = request.evidence};
  const std::optional<Money> filled = state_.DifferenceOf(note);
  if (!filled) return Refused("no definition of its instrument is known");
  note.amount = *filled;
  if (request.filled.empty()) return note;
  const TrackedOrder& order = *state_.Find(request.order);
  const auto stated =
      state_.FindInstrument(order.intent.instrument, order.intent.instrument_version)
          ->ParseQuantity(request.filled);
  if (stated == order.cumulative) return note;
  return Refused(
      absl::StrCat(filled->ToString(), " of order ", request.order.text(),
                   " is booked as filled, not ", request.filled,
                   "; `gannet reconcile` books the trades that the venue lists. End it with "
                   "what is booked and sign the difference that is left"));
}

absl::StatusOr<std::string> ExecutionEngine::Book(const AdjustmentNote& note,
                                                  const AdjustRequest& request) {
  const std::string name = absl::StrCat("proposal ", note.proposal);
  if (const auto now = state_.DifferenceOf(note); now != std::optional(note.amount)) {
    const char* what = note.order.empty() ? "the difference" : "what is filled of it";
    return Refused(absl::StrCat(name, " is about ", Words(note), ", ", what, " is ",
                                now ? now->ToString() : "gone", " by now; propose it anew"));
  }
  if (options_.four_eyes && note.person == request.person) {
    return Refused(absl::StrCat(name, " was made by ", request.person,
                                ": another person with the role risk approves it"));
  }
  if (!note.order.empty()) return EndOrder(note, request);
  market::AccountEvent booking;
  booking.kind =
      note.transfer ? market::AccountEventKind::kTransfer : market::AccountEventKind::kAdjustment;
  booking.account = options_.account;
  booking.venue.assign(venue_.name());
  booking.id = absl::StrCat("signed:", note.proposal);
  booking.strategy = market::StrategyId(kExternalStrategy);
  booking.evidence = absl::StrCat("proposed by ", note.person, ": ", note.reason, "; approved by ",
                                  request.person, ": ", request.reason);
  booking.person = request.person;
  booking.time = now_;
  if (!note.asset.empty()) {
    booking.changes = {{note.asset, note.amount}};
    out_.Emit(std::move(booking), cause_);
    return absl::StrCat(Words(note), " is booked");
  }
  const market::Instrument* instrument = directory_.Find(note.instrument);
  const auto quantity = instrument == nullptr
                            ? std::nullopt
                            : market::Rescale(note.amount.units(), note.amount.scale(),
                                              instrument->quantity_scale, market::Rounding::kDown);
  if (!quantity || Money(*quantity, instrument->quantity_scale) != note.amount ||
      *quantity > INT64_MAX || *quantity < -INT64_MAX ||
      !EnsureInstrument(note.instrument, instrument->version))
    return Refused("the quantity does not fit the instrument's definition; refresh it");
  booking.instrument = note.instrument;
  booking.instrument_version = instrument->version;
  booking.quantity = {static_cast<int64_t>(*quantity)};
  booking.price = note.price;
  out_.Emit(std::move(booking), cause_);
  EmitPosition({options_.account, market::StrategyId(kExternalStrategy), note.instrument},
               instrument, cause_);
  return absl::StrCat(Words(note), " is booked at ", instrument->Format(note.price));
}

absl::StatusOr<std::string> ExecutionEngine::EndOrder(const AdjustmentNote& note,
                                                      const AdjustRequest& request) {
  GANNET_RETURN_IF_ERROR(CheckVanished(note.order));
  Step(note.order, market::ExecKind::kCanceled,
       {.detail = absl::StrCat("its end was signed: proposed by ", note.person, ": ", note.reason,
                               "; approved by ", request.person, ": ", request.reason),
        .evidence = absl::StrCat("signed:", note.proposal, " ", note.evidence)});
  return absl::StrCat("order ", note.order.text(), " has ended with ", note.amount.ToString(),
                      " filled");
}

void ExecutionEngine::SetHalt(const market::InstrumentId& instrument, bool halted,
                              std::string reason, std::string person) {
  EmitNote(ToNote(HaltNote{instrument, halted, std::move(reason), std::move(person)}));
}

std::vector<std::string> ExecutionEngine::Halts() const {
  std::vector<std::string> halts;
  for (const auto& [instrument, halt] : state_.halts())
    halts.push_back(absl::StrCat(instrument.text(), ": ", halt.reason));
  for (const auto& [asset, amount] : state_.differences()) {
    halts.push_back(absl::StrCat("every instrument of ", asset.text(), ": the venue holds ",
                                 amount.ToString(), " more than is explained"));
  }
  for (const auto& [instrument, quantity] : state_.position_differences()) {
    halts.push_back(absl::StrCat(instrument.text(), ": the venue holds ", quantity.ToString(),
                                 " more than is explained"));
  }
  for (const market::ClientOrderId& id : vanished_) {
    const TrackedOrder* order = state_.Find(id);
    if (order != nullptr)
      halts.push_back(absl::StrCat(order->intent.instrument.text(), ": ", NotFoundAtVenue(id)));
  }
  return halts;
}

}  // namespace gannet::execution
