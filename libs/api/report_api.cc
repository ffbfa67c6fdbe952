#include "libs/api/report_api.h"

#include <algorithm>

#include "gannet/report/v1/report_service.pb.h"
#include "libs/api/filters.h"
#include "libs/market/money.h"
#include "libs/rpc/error.h"

namespace gannet::api {
namespace {

namespace pb = ::gannet::report::v1;

bool Passes(const pb::AccountFilter& filter, const std::string& account,
            const std::string& strategy, const std::string& instrument) {
  return Wanted(filter.accounts(), account) && Wanted(filter.strategies(), strategy) &&
         Wanted(filter.instruments(), instrument);
}

void Put(const market::Money& money, common::v1::Money& out) {
  out.set_units_high(static_cast<int64_t>(money.units() >> 64));
  out.set_units_low(static_cast<uint64_t>(money.units()));
  out.set_scale(static_cast<uint32_t>(money.scale()));
}

}  // namespace

ReportApi::ReportApi(rpc::Server& server, bus::Bus& bus, uint64_t epoch)
    : fills_(bus, epoch, kKeptFills) {
  fills_.Listen(bus::kInstruments.info, [this](const Feed::Item& item) {
    const market::Instrument& value = item.As(bus::kInstruments)->value;
    if (quote_assets_.size() < kKeptRows) quote_assets_[value.id.text()] = value.settle.text();
  });
  fills_.Listen(bus::kExecReports.info, [this](const Feed::Item& item) {
    const market::ExecReport& value = item.As(bus::kExecReports)->value;
    if (!value.fill || value.kind != market::ExecKind::kFill) return;
    const PositionKey key{value.account.text(), value.strategy.text(), value.instrument.text()};
    if (fill_counts_.size() < kKeptRows || fill_counts_.contains(key)) ++fill_counts_[key];
    fills_.Keep(item);
  });
  fills_.Listen(bus::kPositions.info, [this](const Feed::Item& item) {
    const market::PositionUpdate& value = item.As(bus::kPositions)->value;
    const PositionKey key{value.account.text(), value.strategy.text(), value.instrument.text()};
    if (positions_.size() < kKeptRows || positions_.contains(key)) positions_[key] = item;
    as_of_ = item.header().publish_time;
  });
  fills_.Listen(bus::kBalances.info, [this](const Feed::Item& item) {
    const market::BalanceUpdate& value = item.As(bus::kBalances)->value;
    const std::tuple key{value.account.text(), value.venue, value.asset.text()};
    if (balances_.size() < kKeptRows || balances_.contains(key)) balances_[key] = item;
    as_of_ = item.header().publish_time;
  });
  Serve(server);
}

void ReportApi::Take(const market::Standing& standing) {
  for (const auto& [update, fills] : standing.positions) {
    const market::PositionUpdate& value = update.value;
    const PositionKey key{value.account.text(), value.strategy.text(), value.instrument.text()};
    if (!positions_.try_emplace(key, Feed::ItemOf(bus::kPositions, update)).second) continue;
    fill_counts_[key] = fills;
  }
  for (const auto& balance : standing.balances) {
    const market::BalanceUpdate& value = balance.value;
    const std::tuple key{value.account.text(), value.venue, value.asset.text()};
    balances_.try_emplace(key, Feed::ItemOf(bus::kBalances, balance));
  }
}

void ReportApi::Serve(rpc::Server& server) {
  server.Handle<pb::ListFillsRequest>(
      "gannet.report.v1.ReportService/ListFills",
      [this](const rpc::CallPtr& call, const pb::ListFillsRequest& request) {
        pb::ListFillsResponse response;
        const auto next = fills_.Page(
            request.page_size(), 100, 1'000, request.page_token(), [&](const Feed::Item& item) {
              const market::ExecReport& value = item.As(bus::kExecReports)->value;
              if (!Within(request.range(), item.header().event_time) ||
                  !Passes(request.filter(), value.account.text(), value.strategy.text(),
                          value.instrument.text())) {
                return false;
              }
              *response.add_fills() = item.To<exec::v1::ExecReportEvent>();
              return true;
            });
        if (!next.ok()) return call->End(next.status());
        response.set_next_page_token(*next);
        call->Reply(response);
      });
  server.Handle<pb::ListPositionsRequest>(
      "gannet.report.v1.ReportService/ListPositions",
      [this](const rpc::CallPtr& call, const pb::ListPositionsRequest& request) {
        pb::ListPositionsResponse response;
        for (const auto& [key, item] : positions_) {
          const auto& [account, strategy, instrument] = key;
          if (Passes(request.filter(), account, strategy, instrument))
            *response.add_positions() = item.To<exec::v1::PositionUpdateEvent>().value();
        }
        response.set_as_of_ns(base::UnixNanos(as_of_));
        call->Reply(response);
      });
  server.Handle<pb::ListBalancesRequest>(
      "gannet.report.v1.ReportService/ListBalances",
      [this](const rpc::CallPtr& call, const pb::ListBalancesRequest& request) {
        pb::ListBalancesResponse response;
        for (const auto& [key, item] : balances_) {
          if (Wanted(request.accounts(), std::get<0>(key)))
            *response.add_balances() = item.To<exec::v1::BalanceUpdateEvent>().value();
        }
        response.set_as_of_ns(base::UnixNanos(as_of_));
        call->Reply(response);
      });
  server.Handle<pb::GetProfitAndLossRequest>(
      "gannet.report.v1.ReportService/GetProfitAndLoss",
      [this](const rpc::CallPtr& call, const pb::GetProfitAndLossRequest& request) {
        struct Sum {
          market::Money realized, fees;
          uint64_t fills = 0;
        };
        std::map<std::string, Sum> sums;
        for (const auto& [key, item] : positions_) {
          const auto& [account, strategy, instrument] = key;
          if (!Passes(request.filter(), account, strategy, instrument)) continue;
          const auto asset = quote_assets_.find(instrument);
          const market::PositionUpdate& value = item.As(bus::kPositions)->value;
          Sum& sum = sums[asset == quote_assets_.end() ? "?" : asset->second];
          sum.realized = sum.realized + value.realized_pnl;
          sum.fees = sum.fees + value.fees;
          if (const auto fills = fill_counts_.find(key); fills != fill_counts_.end())
            sum.fills += fills->second;
        }
        pb::GetProfitAndLossResponse response;
        for (const auto& [asset, sum] : sums) {
          pb::ProfitAndLoss& result = *response.add_results();
          result.set_quote_asset(asset);
          Put(sum.realized, *result.mutable_realized());
          Put(sum.fees, *result.mutable_fees());
          result.set_fills(sum.fills);
        }
        response.set_as_of_ns(base::UnixNanos(as_of_));
        call->Reply(response);
      });
}

}  // namespace gannet::api
