#include "services/reporting/export.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "libs/base/status.h"
#include "libs/market/names.h"
#include "services/reporting/csv.h"

namespace gannet::reporting {
namespace {

using Json = nlohmann::ordered_json;

struct Cell {
  std::string name;
  std::string text;
};
using Row = std::vector<Cell>;

Row RowOf(const store::FillRow& r) {
  return {{"time", base::FormatTime(r.time)},
          {"account", r.account.text()},
          {"strategy", r.strategy.text()},
          {"instrument", r.instrument.text()},
          {"side", std::string(market::Name(r.side))},
          {"price", r.price.ToString()},
          {"quantity", r.quantity.ToString()},
          {"notional", r.notional.ToString()},
          {"fee", r.fee.ToString()},
          {"fee_asset", r.fee_asset.text()},
          {"liquidity", std::string(market::Name(r.liquidity))},
          {"client_order_id", r.client_order_id.text()},
          {"trade_id", r.trade_id},
          {"model_version", r.model_version}};
}

Row RowOf(const store::OrderRow& r) {
  return {{"created", base::FormatTime(r.created)},
          {"updated", base::FormatTime(r.updated)},
          {"account", r.account.text()},
          {"strategy", r.strategy.text()},
          {"instrument", r.instrument.text()},
          {"side", std::string(market::Name(r.side))},
          {"price", r.price.ToString()},
          {"quantity", r.quantity.ToString()},
          {"filled", r.cumulative.ToString()},
          {"state", std::string(market::Name(r.state))},
          {"detail", r.detail},
          {"client_order_id", r.client_order_id.text()},
          {"venue_order_id", r.venue_order_id.text()}};
}

Row RowOf(const store::PositionRow& r) {
  return {{"account", r.account.text()},
          {"strategy", r.strategy.text()},
          {"instrument", r.instrument.text()},
          {"net", r.net.ToString()},
          {"average_price", r.average_price.ToString()},
          {"realized_pnl", r.realized.ToString()},
          {"unrealized_pnl", r.unrealized.ToString()},
          {"fees", r.fees.ToString()},
          {"asset", r.quote_asset.text()},
          {"updated", base::FormatTime(r.updated)}};
}

Row RowOf(const store::EquityRow& r) {
  return {{"time", base::FormatTime(r.time)},
          {"account", r.account.text()},
          {"asset", r.asset.text()},
          {"realized_pnl", r.realized.ToString()},
          {"unrealized_pnl", r.unrealized.ToString()},
          {"total_pnl", (r.realized + r.unrealized).ToString()},
          {"fees", r.fees.ToString()}};
}

Row RowOf(const store::BookingRow& r) {
  return {{"time", base::FormatTime(r.time)},
          {"account", r.account.text()},
          {"venue", r.venue},
          {"kind", market::Name(r.kind)},
          {"strategy", r.strategy.text()},
          {"instrument", r.instrument.text()},
          {"asset", r.asset.text()},
          {"amount", r.amount.ToString()},
          {"quantity", r.quantity.ToString()},
          {"price", r.price.ToString()},
          {"booking", r.booking},
          {"client_order_id", r.client_order_id.text()},
          {"person", r.person},
          {"detail", r.detail}};
}

template <class T>
absl::Status WriteTable(base::Files& files, const std::string& path, const Row& columns,
                        const std::vector<T>& rows) {
  std::vector<std::string> names;
  for (const Cell& cell : columns) names.push_back(cell.name);
  std::string csv = CsvLine(names);
  Json json = Json::array();
  for (const T& item : rows) {
    Json object = Json::object();
    std::vector<std::string> fields;
    for (const Cell& cell : RowOf(item)) {
      fields.push_back(cell.text);
      object[cell.name] = cell.text;
    }
    csv += CsvLine(fields);
    json.push_back(std::move(object));
  }
  GANNET_RETURN_IF_ERROR(files.WriteAtomically(path + ".csv", csv));
  // Text from outside may hold broken UTF-8: replaced, never thrown over.
  return files.WriteAtomically(path + ".json",
                               json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace

absl::Status PrepareFolder(base::Files& files, const std::string& folder) {
  GANNET_RETURN_IF_ERROR(files.MakeDirs(folder));
  const std::string probe = folder + "/.writable";
  GANNET_RETURN_IF_ERROR(files.WriteAtomically(probe, ""));
  return files.Remove(probe);
}

absl::Status ExportReports(store::Store& store, store::Range range, base::Files& files,
                           const std::string& folder) {
  GANNET_RETURN_IF_ERROR(files.MakeDirs(folder));
  GANNET_ASSIGN_OR_RETURN(const auto orders, store.Orders(range));
  GANNET_ASSIGN_OR_RETURN(const auto fills, store.Fills(range));
  GANNET_ASSIGN_OR_RETURN(const auto positions, store.AllPositions());
  GANNET_ASSIGN_OR_RETURN(const auto equity, store.Equity(range));
  GANNET_ASSIGN_OR_RETURN(const auto bookings, store.Bookings(range));
  GANNET_RETURN_IF_ERROR(WriteTable(files, folder + "/orders", RowOf(store::OrderRow{}), orders));
  GANNET_RETURN_IF_ERROR(WriteTable(files, folder + "/fills", RowOf(store::FillRow{}), fills));
  GANNET_RETURN_IF_ERROR(
      WriteTable(files, folder + "/positions", RowOf(store::PositionRow{}), positions));
  GANNET_RETURN_IF_ERROR(
      WriteTable(files, folder + "/bookings", RowOf(store::BookingRow{}), bookings));
  return WriteTable(files, folder + "/pnl", RowOf(store::EquityRow{}), equity);
}

}  // namespace gannet::reporting
