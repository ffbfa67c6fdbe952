// gannet.report.v1.ReportService: fills as far as the bus tells of them since this process
// began; positions, balances, profit and loss with what was held before. Files are reporting's
// own.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "libs/api/feed.h"
#include "libs/bus/topics.h"
#include "libs/market/standing.h"
#include "libs/rpc/server.h"

namespace gannet::api {

class ReportApi {
 public:
  static constexpr FeedSize kKeptFills{.events = 2'000, .bytes = 1u << 20};
  static constexpr size_t kKeptRows = 20'000;  // each of positions, balances, instruments

  ReportApi(rpc::Server& server, bus::Bus& bus, uint64_t epoch);

  // What was held before the bus told of it, but for what it told since.
  void Take(const market::Standing& standing);

 private:
  void Serve(rpc::Server& server);

  using PositionKey = std::tuple<std::string, std::string, std::string>;
  std::map<PositionKey, Feed::Item> positions_;  // account, strategy, instrument
  std::map<std::tuple<std::string, std::string, std::string>, Feed::Item> balances_;
  std::map<std::string, std::string> quote_assets_;  // of instruments
  std::map<PositionKey, uint64_t> fill_counts_;
  base::Time as_of_{};  // the moment that rows speak of: of the newest position or balance
  Feed fills_;
};

}  // namespace gannet::api
