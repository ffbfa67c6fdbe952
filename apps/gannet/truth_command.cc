// gannet reconcile | adjust: what execution holds beside what its venue says, and what people
// sign of differences and of orders that the venue does not find.
#include <ostream>

#include "absl/strings/str_cat.h"
#include "apps/gannet/remote.h"
#include "gannet/exec/v1/execution_service.pb.h"

namespace gannet::app {
namespace {

namespace pb = ::gannet::exec::v1;

std::string Dash(const std::string& text) { return text.empty() ? "-" : text; }

void PrintOrders(const pb::ReconcileResponse& all, std::ostream& out) {
  out << "\nopen orders: " << all.orders_size() << "\n";
  if (all.orders_size() == 0) return;
  Table table({"INSTRUMENT", "ORDER", "STRATEGY", "VENUE", "FILLED/QUANTITY", "HERE",
               "FILLED/QUANTITY", "", "NOTE"});
  for (const pb::OrderCompared& row : all.orders()) {
    const auto figures = [](bool there, const pb::OrderStated& stated) {
      return there ? absl::StrCat(Dash(stated.filled()), "/", Dash(stated.quantity())) : "-";
    };
    table.Add({row.instrument(),
               row.client_order_id().empty() ? row.venue_order_id() : row.client_order_id(),
               row.strategy(), row.has_venue() ? row.venue().state() : "-",
               figures(row.has_venue(), row.venue()), row.has_local() ? row.local().state() : "-",
               figures(row.has_local(), row.local()), row.equal() ? "=" : "DIFFERS",
               Dash(row.note())});
  }
  table.Print(out);
}

void PrintFills(const pb::ReconcileResponse& all, std::ostream& out) {
  out << "\nfills since " << TimeOf(all.fills_since_ns()) << ": " << all.equal_fills() << " agree, "
      << all.fills_size() << " differ\n";
  if (all.fills_size() == 0) return;
  Table table(
      {"INSTRUMENT", "TRADE", "VENUE'S ORDER", "VENUE", "HERE", "QUANTITY", "PRICE", "NOTE"});
  for (const pb::FillCompared& row : all.fills()) {
    table.Add({row.instrument(), row.trade_id(), Dash(row.venue_order_id()),
               row.at_venue() ? "listed" : "-", row.booked() ? "booked" : "-", Dash(row.quantity()),
               Dash(row.price()), Dash(row.note())});
  }
  table.Print(out);
}

void PrintAmounts(const char* what, const char* column,
                  const google::protobuf::RepeatedPtrField<pb::AmountCompared>& rows,
                  std::ostream& out) {
  out << "\n" << what << ": " << rows.size() << "\n";
  if (rows.empty()) return;
  Table table({column, "VENUE", "HERE", "DIFFERENCE", "ROUNDING", "", "NOTE"});
  for (const pb::AmountCompared& row : rows) {
    table.Add({row.name(), Dash(row.venue()), Dash(row.local()), Dash(row.difference()),
               Dash(row.tolerance()), row.equal() ? "=" : "DIFFERS", Dash(row.note())});
  }
  table.Print(out);
}

void Print(const pb::ReconcileResponse& one, std::ostream& out) {
  out << one.account() << " at " << one.venue() << ", asked " << TimeOf(one.asked_ns())
      << (one.dry_run() ? ", nothing booked" : ", then booked") << "\n";
  PrintOrders(one, out);
  PrintFills(one, out);
  PrintAmounts("balances", "ASSET", one.balances(), out);
  PrintAmounts("positions", "INSTRUMENT", one.positions(), out);
  for (const std::string& halt : one.halts()) out << "\nhalted: " << halt << "\n";
  out << (one.equal() ? "\nequal\n" : "\nDIFFERENT\n");
}

}  // namespace

int Reconcile(const ControlOptions& control, const std::string& venue, bool dry_run,
              Console console) {
  Remote remote(control, console);
  pb::ReconcileRequest request;
  request.set_dry_run(dry_run);
  request.set_venue(venue);
  int code = kControlDone;
  std::vector<std::string> venues = {venue};  // the first names the others when none is given
  for (size_t i = 0; i < venues.size(); ++i) {
    request.set_venue(venues[i]);
    const auto one =
        remote.Call<pb::ReconcileResponse>("gannet.exec.v1.ExecutionService/Reconcile", request);
    if (!one.ok()) return Report(one.status(), console);
    if (i == 0 && venue.empty()) venues.assign(one->venues().begin(), one->venues().end());
    if (!one->equal()) code = kControlDifferent;
    if (!remote.Json(*one)) Print(*one, console.out);
  }
  return code;
}

int ProposeAdjustment(const ControlOptions& control, const AdjustOptions& adjust, Console console) {
  pb::ProposeAdjustmentRequest request;
  request.set_account(adjust.account);
  request.set_venue(adjust.venue);
  request.set_subject(adjust.subject);
  request.set_price(adjust.price);
  request.set_order(adjust.order);
  request.set_evidence(adjust.evidence);
  request.set_filled(adjust.filled);
  request.set_book_as(adjust.book_as);
  return Settle<pb::ProposeAdjustmentResponse>(
      control, "gannet.exec.v1.ExecutionService/ProposeAdjustment", std::move(request), console);
}

int ApproveAdjustment(const ControlOptions& control, const AdjustOptions& adjust, Console console) {
  pb::ApproveAdjustmentRequest request;
  request.set_account(adjust.account);
  request.set_venue(adjust.venue);
  request.set_proposal(adjust.proposal);
  return Settle<pb::ApproveAdjustmentResponse>(
      control, "gannet.exec.v1.ExecutionService/ApproveAdjustment", std::move(request), console);
}

int RejectAdjustment(const ControlOptions& control, const AdjustOptions& adjust, Console console) {
  pb::RejectAdjustmentRequest request;
  request.set_account(adjust.account);
  request.set_venue(adjust.venue);
  request.set_proposal(adjust.proposal);
  return Settle<pb::RejectAdjustmentResponse>(
      control, "gannet.exec.v1.ExecutionService/RejectAdjustment", std::move(request), console);
}

int ListAdjustments(const ControlOptions& control, Console console) {
  Remote remote(control, console);
  const auto list = remote.Call<pb::ListAdjustmentsResponse>(
      "gannet.exec.v1.ExecutionService/ListAdjustments", pb::ListAdjustmentsRequest());
  if (!list.ok()) return Report(list.status(), console);
  if (remote.Json(*list)) return kControlDone;
  for (const pb::AmountCompared& row : list->differences())
    console.out << "not explained: " << row.difference() << " " << row.name() << " " << row.note()
                << "\n";
  for (const pb::OrderCompared& row : list->orders())
    console.out << row.note() << ": order " << row.client_order_id() << " of " << row.strategy()
                << " in " << row.instrument() << "; `gannet adjust propose --order "
                << row.client_order_id() << "` signs its end\n";
  if (list->differences().empty() && list->orders().empty())
    console.out << "everything is explained\n";
  for (const pb::Adjustment& row : list->adjustments()) {
    console.out << "\nproposal " << row.proposal() << " of " << row.account() << " at "
                << row.venue() << ": "
                << (row.order().empty() ? row.amount() + " " + row.subject()
                                        : "the end of order " + row.order() + " with " +
                                              row.amount() + " filled (" + row.evidence() + ")")
                << (row.price().empty() ? "" : " at " + row.price())
                << (row.book_as().empty() ? "" : " as a " + row.book_as()) << ", " << row.state()
                << "\n  " << TimeOf(row.proposed_ns()) << "  " << row.proposer() << ": "
                << row.reason() << "\n";
    if (row.decided_ns() != 0) {
      console.out << "  " << TimeOf(row.decided_ns()) << "  " << row.decider() << ": "
                  << row.decider_reason() << "\n";
    }
  }
  return kControlDone;
}

}  // namespace gannet::app
