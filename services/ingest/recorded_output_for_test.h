// A MarketOutput that keeps what it is given.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "services/ingest/market_output.h"

namespace gannet::ingest {

class RecordedOutputForTest : public MarketOutput {
 public:
  template <class T>
  using Events = std::vector<market::Event<T>>;

  void Publish(market::Instrument value, const market::Header& header) override {
    instruments.push_back({header, std::move(value)});
  }
  void Publish(market::Trade value, const market::Header& header) override {
    trades.push_back({header, std::move(value)});
  }
  void Publish(market::Quote value, const market::Header& header) override {
    quotes.push_back({header, std::move(value)});
  }
  void Publish(market::BookUpdate value, const market::Header& header) override {
    books.push_back({header, std::move(value)});
  }
  void Publish(market::Bar value, const market::Header& header) override {
    bars.push_back({header, std::move(value)});
  }
  void Publish(market::MarketStatus value, const market::Header& header) override {
    statuses.push_back({header, std::move(value)});
  }
  void WantSnapshot(const std::string& symbol) override { snapshots_wanted.push_back(symbol); }
  void WantReconnect(const std::string& connection, std::string_view why) override {
    reconnects.emplace_back(connection, std::string(why));
  }
  void SubscriptionAnswered(const std::string& connection,
                            const venue::RequestResult& answer) override {
    answers.emplace_back(connection, answer.ok);
  }

  Events<market::Instrument> instruments;
  Events<market::Trade> trades;
  Events<market::Quote> quotes;
  Events<market::BookUpdate> books;
  Events<market::Bar> bars;
  Events<market::MarketStatus> statuses;
  std::vector<std::string> snapshots_wanted;
  std::vector<std::pair<std::string, std::string>> reconnects;
  std::vector<std::pair<std::string, bool>> answers;
};

}  // namespace gannet::ingest
