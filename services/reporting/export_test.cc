#include "services/reporting/export.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/sim_files.h"
#include "libs/store/memory_store.h"

namespace gannet::reporting {
namespace {

using market::Money;

store::OrderRow Order(std::string detail) {
  store::OrderRow row;
  row.client_order_id = market::ClientOrderId("g1a");
  row.strategy = market::StrategyId("news, \"loud\"");
  row.instrument = market::InstrumentId("v:BTCUSDT");
  row.price = Money(6'168'599, 2);
  row.quantity = Money(150, 8);
  row.state = market::OrderState::kPartiallyFilled;
  row.detail = std::move(detail);
  row.created = row.updated = base::FromUnixMillis(1'723'161'253'123);
  return row;
}

TEST_CASE("Exports hold the same exact numbers as CSV and JSON") {
  base::SimFiles files;
  store::MemoryStore store;
  REQUIRE(store.Write({.orders = {Order("ok")}}).ok());
  REQUIRE(ExportReports(store, {}, files, "out").ok());
  const std::string csv = files.Read("out/orders.csv").value(),
                    json = files.Read("out/orders.json").value();
  CHECK(csv.find("2024-08-08T23:54:13.123000000Z") != std::string::npos);
  CHECK(csv.find(",61685.99,0.0000015,0,PARTIALLY_FILLED,ok,") != std::string::npos);
  CHECK(csv.find("\"news, \"\"loud\"\"\"") != std::string::npos);
  CHECK(json.find("\"price\": \"61685.99\"") != std::string::npos);
  CHECK(json.find("\"quantity\": \"0.0000015\"") != std::string::npos);
  for (const char* name : {"fills", "positions", "pnl"}) {
    CHECK(files.Read(std::string("out/") + name + ".json").value() == "[]\n");
    CHECK(files.Read(std::string("out/") + name + ".csv").value().ends_with("\r\n"));
  }
}

TEST_CASE("Exports find out at the start that their folder cannot be written") {
  base::SimFiles files;
  REQUIRE(PrepareFolder(files, "out").ok());
  CHECK(files.List("out").value().empty());
  files.set_faults({.capacity_bytes = 0});
  REQUIRE(files.WriteAtomically("file", "").ok());
  CHECK_FALSE(PrepareFolder(files, "file").ok());
}

TEST_CASE("Exports let no text act as a formula, break a line or stop the export") {
  base::SimFiles files;
  store::MemoryStore store;
  REQUIRE(store.Write({.orders = {Order("=HYPERLINK(1)\r\nx \xff\xfe")}}).ok());
  REQUIRE(ExportReports(store, {}, files, "out").ok());
  CHECK(files.Read("out/orders.csv").value().find("\"'=HYPERLINK(1)\r\nx ") != std::string::npos);
  CHECK(files.Read("out/orders.json").value().find("\\r\\nx \xef\xbf\xbd") != std::string::npos);
}

}  // namespace
}  // namespace gannet::reporting
