#include "services/execution/execution_rpc.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_join.h"
#include "gannet/exec/v1/execution_service.pb.h"
#include "libs/base/concat.h"
#include "libs/rpc/error.h"

namespace gannet::execution {
namespace {

namespace pb = ::gannet::exec::v1;

constexpr size_t kMaxText = 1'000;  // bytes of what people write

void Put(const OrderStated& stated, pb::OrderStated& out) {
  out.set_state(stated.state);
  out.set_quantity(stated.quantity);
  out.set_filled(stated.filled);
  out.set_price(stated.price);
}

void Put(const OrderCompared& row, pb::OrderCompared& out) {
  out.set_instrument(row.instrument.text());
  out.set_client_order_id(row.client_order_id.text());
  out.set_venue_order_id(row.venue_order_id.text());
  out.set_strategy(row.strategy.text());
  if (row.venue) Put(*row.venue, *out.mutable_venue());
  if (row.local) Put(*row.local, *out.mutable_local());
  out.set_equal(row.equal);
  out.set_note(row.note);
}

void Put(const FillCompared& row, pb::FillCompared& out) {
  out.set_instrument(row.instrument.text());
  out.set_trade_id(row.trade_id);
  out.set_venue_order_id(row.venue_order_id.text());
  out.set_quantity(row.quantity);
  out.set_price(row.price);
  out.set_at_venue(row.at_venue);
  out.set_booked(row.booked);
  out.set_equal(row.equal);
  out.set_note(row.note);
}

void Put(const AmountCompared& row, pb::AmountCompared& out) {
  out.set_name(row.name);
  out.set_venue(row.venue);
  out.set_local(row.local);
  out.set_difference(row.difference);
  out.set_tolerance(row.tolerance);
  out.set_equal(row.equal);
  out.set_note(row.note);
}

pb::ReconcileResponse ToProto(const Comparison& comparison) {
  pb::ReconcileResponse out;
  out.set_equal(comparison.equal);
  for (const OrderCompared& row : comparison.orders) Put(row, *out.add_orders());
  for (const FillCompared& row : comparison.fills) Put(row, *out.add_fills());
  for (const AmountCompared& row : comparison.balances) Put(row, *out.add_balances());
  for (const AmountCompared& row : comparison.positions) Put(row, *out.add_positions());
  out.set_equal_fills(comparison.equal_fills);
  out.set_fills_since_ns(base::UnixNanos(comparison.fills_since));
  out.set_rounds(comparison.rounds);
  out.set_asked_ns(base::UnixNanos(comparison.asked));
  return out;
}

using Venues = std::shared_ptr<const std::vector<ExecutionService*>>;

std::string NamesOf(const std::vector<ExecutionService*>& venues) {
  return absl::StrJoin(venues, ", ", [](std::string* out, const ExecutionService* each) {
    *out += base::Concat({each->venue(), " (", each->account().text(), ")"});
  });
}

void ServeReconcile(rpc::Server& server, const Venues& venues) {
  server.Handle<pb::ReconcileRequest>(
      "gannet.exec.v1.ExecutionService/Reconcile",
      [venues](const rpc::CallPtr& call, const pb::ReconcileRequest& request) {
        const auto at = std::find_if(venues->begin(), venues->end(), [&](const auto* each) {
          return request.venue().empty() || each->venue() == request.venue();
        });
        if (at == venues->end())
          return call->End(rpc::BadField("venue", "execution serves " + NamesOf(*venues)));
        ExecutionService& service = **at;
        const bool dry_run = request.dry_run();
        const auto done = [&service, venues, call, dry_run](const Comparison& comparison) {
          if (!comparison.problem.empty())
            return call->End(absl::UnavailableError(comparison.problem));
          pb::ReconcileResponse out = ToProto(comparison);
          out.set_account(service.account().text());
          out.set_venue(std::string(service.venue()));
          out.set_dry_run(dry_run);
          for (std::string& halt : service.engine().Halts()) out.add_halts(std::move(halt));
          for (const ExecutionService* each : *venues) out.add_venues(std::string(each->venue()));
          call->Reply(out);
        };
        if (!service.Inspect(dry_run, done))
          call->End(absl::ResourceExhaustedError("too many ask for this at once; try again"));
      });
}

const char* StateOf(const ExecutionState& state, const ExecutionState::Adjustment& adjustment) {
  if (adjustment.decided)
    return adjustment.decided->step == AdjustmentNote::Step::kApproved ? "approved" : "rejected";
  const bool stands =
      state.DifferenceOf(adjustment.proposed) == std::optional(adjustment.proposed.amount);
  return stands ? "proposed" : "stale";
}

// Whose books a request is about: the account's, at the venue that it names or what it is about
// does.
absl::StatusOr<ExecutionService*> FindBooks(const std::vector<ExecutionService*>& venues,
                                            const std::string& account, std::string_view venue,
                                            const AdjustRequest& about) {
  std::vector<ExecutionService*> found;
  std::copy_if(venues.begin(), venues.end(), std::back_inserter(found),
               [&](const ExecutionService* each) { return each->account().text() == account; });
  if (found.empty()) return rpc::BadField("account", "execution serves " + NamesOf(venues));
  if (found.size() == 1 && venue.empty()) return found.front();
  const market::InstrumentId instrument(about.subject);
  if (venue.empty()) venue = market::VenueOf(instrument);
  const auto at = std::find_if(found.begin(), found.end(), [&](const auto* each) {
    const bool holds = venue.empty() && !about.order.empty() &&
                       each->engine().state().Find(about.order) != nullptr;
    return holds || each->venue() == venue;
  });
  if (at == found.end()) return rpc::BadField("venue", "name one of " + NamesOf(found));
  return *at;
}

template <class Request, class Response>
void ServeDecision(rpc::Server& server, const Venues& venues, const char* method,
                   AdjustmentNote::Step step) {
  server.Handle<Request>(method, [venues, step](const rpc::CallPtr& call, const Request& request) {
    AdjustRequest wanted;
    wanted.step = step;
    wanted.person = call->caller().person;
    wanted.reason = request.reason();
    if constexpr (requires { request.subject(); }) {
      wanted.subject = request.subject();
      wanted.price = request.price();
      wanted.order = market::ClientOrderId(request.order());
      wanted.evidence = request.evidence();
      wanted.filled = request.filled();
      wanted.book_as = request.book_as();
      if (wanted.subject.empty() == wanted.order.empty() || wanted.subject.size() > kMaxText ||
          wanted.price.size() > kMaxText || request.order().size() > kMaxText ||
          wanted.filled.size() > kMaxText || wanted.book_as.size() > kMaxText)
        return call->End(
            rpc::BadField("subject", "names an asset or an instrument; or give an order"));
      if (wanted.evidence.size() > kMaxText)
        return call->End(rpc::BadField("evidence", "is too long; shorten it"));
    } else {
      wanted.proposal = request.proposal();
    }
    if (wanted.reason.size() > kMaxText)
      return call->End(rpc::BadField("reason", "is too long; shorten it"));
    const auto service = FindBooks(*venues, request.account(), request.venue(), wanted);
    if (!service.ok()) return call->End(service.status());
    const bool taken =
        (*service)->Adjust(wanted, [call](const absl::StatusOr<AdjustAnswer>& answer) {
          if (!answer.ok()) return call->End(answer.status());
          Response response;
          response.set_proposal(answer->proposal);
          response.set_detail(answer->detail);
          call->Reply(response);
        });
    if (!taken) call->End(absl::ResourceExhaustedError("too many ask for this at once; try again"));
  });
}

void PutAdjustments(const ExecutionService& service, pb::ListAdjustmentsResponse& out) {
  const ExecutionState& state = service.engine().state();
  for (auto at = state.adjustments().rbegin(); at != state.adjustments().rend(); ++at) {
    const AdjustmentNote& note = at->second.proposed;
    pb::Adjustment& row = *out.add_adjustments();
    row.set_venue(std::string(service.venue()));
    row.set_account(service.account().text());
    row.set_proposal(note.proposal);
    row.set_subject(note.asset.empty() ? note.instrument.text() : note.asset.text());
    row.set_order(note.order.text());
    row.set_evidence(note.evidence);
    if (!note.asset.empty()) row.set_book_as(note.transfer ? kAsTransfer : kAsResult);
    row.set_amount(note.amount.ToString());
    const market::Instrument* instrument = state.NewestInstrument(note.instrument);
    if (note.price.mantissa > 0 && instrument != nullptr)
      row.set_price(instrument->Format(note.price));
    row.set_state(StateOf(state, at->second));
    row.set_proposer(note.person);
    row.set_reason(note.reason);
    row.set_proposed_ns(base::UnixNanos(note.time));
    if (!at->second.decided) continue;
    row.set_decider(at->second.decided->person);
    row.set_decider_reason(at->second.decided->reason);
    row.set_decided_ns(base::UnixNanos(at->second.decided->time));
  }
  const auto differs = [&](const std::string& name, const market::Money& amount) {
    pb::AmountCompared& row = *out.add_differences();
    row.set_name(name);
    row.set_difference(amount.ToString());
    row.set_note(base::Concat({"at ", service.venue()}));
  };
  for (const auto& [asset, amount] : state.differences()) differs(asset.text(), amount);
  for (const auto& [instrument, amount] : state.position_differences())
    differs(instrument.text(), amount);
  for (const market::ClientOrderId& id : service.engine().vanished()) {
    const TrackedOrder* order = state.Find(id);
    if (order == nullptr) continue;
    pb::OrderCompared& row = *out.add_orders();
    row.set_instrument(order->intent.instrument.text());
    row.set_client_order_id(id.text());
    row.set_venue_order_id(order->venue_order_id.text());
    row.set_strategy(order->intent.strategy.text());
    row.set_note(base::Concat({"not found at ", service.venue()}));
  }
}

void ServeAdjustments(rpc::Server& server, const Venues& venues) {
  using Step = AdjustmentNote::Step;
  ServeDecision<pb::ProposeAdjustmentRequest, pb::ProposeAdjustmentResponse>(
      server, venues, "gannet.exec.v1.ExecutionService/ProposeAdjustment", Step::kProposed);
  ServeDecision<pb::ApproveAdjustmentRequest, pb::ApproveAdjustmentResponse>(
      server, venues, "gannet.exec.v1.ExecutionService/ApproveAdjustment", Step::kApproved);
  ServeDecision<pb::RejectAdjustmentRequest, pb::RejectAdjustmentResponse>(
      server, venues, "gannet.exec.v1.ExecutionService/RejectAdjustment", Step::kRejected);
  server.Handle<pb::ListAdjustmentsRequest>(
      "gannet.exec.v1.ExecutionService/ListAdjustments",
      [venues](const rpc::CallPtr& call, const pb::ListAdjustmentsRequest&) {
        pb::ListAdjustmentsResponse out;
        for (const ExecutionService* each : *venues) PutAdjustments(*each, out);
        call->Reply(out);
      });
}

void PutOpen(const ExecutionState& state, const StopRun& run, pb::GetStopResponse& out) {
  const std::vector<const TrackedOrder*> open = state.OpenIn(run.scope);
  out.set_open(static_cast<uint32_t>(open.size()));
  out.set_unknown(
      static_cast<uint32_t>(std::count_if(open.begin(), open.end(), [](const TrackedOrder* order) {
        return order->life.state() == market::OrderState::kUnknown;
      })));
}

// Only people end what the venue does not find.
std::string OpenWords(const ExecutionEngine& engine, const StopRun& run) {
  const std::vector<const TrackedOrder*> open = engine.state().OpenIn(run.scope);
  std::string lost;
  for (const TrackedOrder* order : open) {
    if (!engine.vanished().contains(order->id())) continue;
    lost += base::Concat({lost.empty() ? "; the venue does not find " : ", ", order->id().text()});
  }
  if (!lost.empty()) lost += "; `gannet adjust propose --order ID` signs the end of one";
  return base::Concat({std::to_string(open.size()), " orders without a confirmed end", lost});
}

std::string Words(const ExecutionEngine& engine, const StopRun& run,
                  const pb::GetStopResponse& stop) {
  if (run.step == StopRun::Step::kVerified) {
    return base::Concat({"verified: the venue lists no order of the scope (", run.evidence, ")",
                         run.flatten ? "; " : "", run.flatten ? FlatWords(run) : ""});
  }
  if (run.over) return "lifted before its end was verified";
  if (run.step == StopRun::Step::kClosing) return FlatWords(run);
  if (stop.open() > 0) return OpenWords(engine, run);
  return "every end is confirmed; the venue's lists are being asked for";
}

absl::StatusOr<pb::GetStopResponse> StopOf(const ExecutionService& service,
                                           const std::string& request_id) {
  const auto& stops = service.engine().stops();
  const auto run = std::find_if(stops.rbegin(), stops.rend(),
                                [&](const StopRun& one) { return one.request_id == request_id; });
  if (run == stops.rend()) {
    return absl::NotFoundError(
        "execution has heard of no kill switch with this request id since it began");
  }
  pb::GetStopResponse out;
  out.mutable_scope()->set_kind(static_cast<common::v1::ScopeKind>(run->scope.kind));
  out.mutable_scope()->set_name(run->scope.name);
  out.set_verified(run->step == StopRun::Step::kVerified);
  out.set_orders(run->orders);
  out.set_command_ns(base::UnixNanos(run->began));
  if (out.verified()) {
    out.set_verified_ns(base::UnixNanos(run->verified));
  } else {
    PutOpen(service.engine().state(), *run, out);
  }
  for (const auto& [state, count] : run->ends) (*out.mutable_ends())[state] = count;
  out.set_flatten(run->flatten);
  out.set_closing_orders(run->closing_orders);
  for (const std::string& row : run->left) out.add_left(row);
  for (const std::string& row : run->waits) out.add_waiting(row);
  for (const std::string& row : run->dust) out.add_dust(row);
  if (const auto* bytes = service.FindStop(run->number)) {
    out.set_gate_closed_ns(base::UnixNanos(bytes->gate_closed));
    out.set_last_order_ns(base::UnixNanos(bytes->last_order));
    out.set_last_cancel_ns(base::UnixNanos(bytes->last_cancel));
    out.set_order_bytes_after(bytes->orders);
    out.set_cancels_sent(bytes->cancels);
  }
  out.set_state(Words(service.engine(), *run, out));
  return out;
}

// What the venues say of one kill switch, as one: the last of each moment, the sum of each count.
void Merge(const pb::GetStopResponse& one, pb::GetStopResponse& all) {
  const auto later = [](int64_t a, int64_t b) { return std::max(a, b); };
  all.set_verified(all.verified() && one.verified());
  all.set_orders(all.orders() + one.orders());
  all.set_open(all.open() + one.open());
  all.set_unknown(all.unknown() + one.unknown());
  const bool closed = all.gate_closed_ns() != 0 && one.gate_closed_ns() != 0;
  all.set_gate_closed_ns(closed ? later(all.gate_closed_ns(), one.gate_closed_ns()) : 0);
  all.set_last_order_ns(later(all.last_order_ns(), one.last_order_ns()));
  all.set_last_cancel_ns(later(all.last_cancel_ns(), one.last_cancel_ns()));
  all.set_verified_ns(all.verified() ? later(all.verified_ns(), one.verified_ns()) : 0);
  all.set_order_bytes_after(all.order_bytes_after() + one.order_bytes_after());
  all.set_cancels_sent(all.cancels_sent() + one.cancels_sent());
  for (const auto& [state, count] : one.ends()) (*all.mutable_ends())[state] += count;
  all.set_closing_orders(all.closing_orders() + one.closing_orders());
  all.mutable_left()->MergeFrom(one.left());
  all.mutable_waiting()->MergeFrom(one.waiting());
  all.mutable_dust()->MergeFrom(one.dust());
}

absl::StatusOr<pb::GetStopResponse> StopOf(const std::vector<ExecutionService*>& venues,
                                           const std::string& request_id) {
  std::optional<pb::GetStopResponse> all;
  std::string words;
  absl::Status none;
  for (const ExecutionService* each : venues) {
    auto one = StopOf(*each, request_id);
    if (!one.ok()) {
      none = one.status();
      continue;
    }
    words += base::Concat({words.empty() ? "" : "; ", each->venue(), " ", one->state()});
    if (all) {
      Merge(*one, *all);
    } else {
      all = *std::move(one);
    }
  }
  if (!all) return none;
  if (venues.size() > 1) all->set_state(words);
  return *std::move(all);
}

constexpr base::Duration kLookAgain = std::chrono::milliseconds(5);
constexpr base::Duration kToAnswer = std::chrono::milliseconds(200);

// The command may still be on its way over the bus.
void AnswerStop(const Venues& venues, const rpc::CallPtr& call, const pb::GetStopRequest& request) {
  if (call->ended()) return;
  const auto stop = StopOf(*venues, request.of_request());
  const bool over = stop.ok() && stop->verified();
  if (request.wait() && !over && call->time_left() > kToAnswer) {
    return venues->front()->Later(kLookAgain,
                                  [venues, call, request] { AnswerStop(venues, call, request); });
  }
  if (!stop.ok()) return call->End(stop.status());
  call->Reply(*stop);
}

void ServeStop(rpc::Server& server, const Venues& venues) {
  server.Handle<pb::GetStopRequest>(
      "gannet.exec.v1.ExecutionService/GetStop",
      [venues](const rpc::CallPtr& call, const pb::GetStopRequest& request) {
        AnswerStop(venues, call, request);
      });
}

}  // namespace

void ServeExecution(rpc::Server& server, std::vector<ExecutionService*> venues) {
  const Venues all = std::make_shared<const std::vector<ExecutionService*>>(std::move(venues));
  ServeReconcile(server, all);
  ServeAdjustments(server, all);
  ServeStop(server, all);
}

}  // namespace gannet::execution
