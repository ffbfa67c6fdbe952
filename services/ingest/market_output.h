// What the market half of ingest lets out: values for the market.* and
// ref.instruments topics, and wishes that the service carries out. The engine calls
// it in the middle of a turn; wishes must not be acted on before the turn ends.
#pragma once

#include <string>
#include <string_view>

#include "libs/market/header.h"
#include "libs/market/instrument.h"
#include "libs/market/market_data.h"
#include "libs/venue/market_data.h"

namespace gannet::ingest {

class MarketOutput {
 public:
  virtual ~MarketOutput() = default;

  // `header` is the cause with event_time, source and source_sequence of the value.
  virtual void Publish(market::Instrument value, const market::Header& header) = 0;
  virtual void Publish(market::Trade value, const market::Header& header) = 0;
  virtual void Publish(market::Quote value, const market::Header& header) = 0;
  virtual void Publish(market::BookUpdate value, const market::Header& header) = 0;
  virtual void Publish(market::Bar value, const market::Header& header) = 0;
  virtual void Publish(market::MarketStatus value, const market::Header& header) = 0;

  // The whole book of this symbol, which comes back as an input: GET …/depth, or another
  // subscription where the stream begins with it.
  virtual void WantSnapshot(const std::string& symbol) = 0;
  // This connection cannot be relied on: open another and close it.
  virtual void WantReconnect(const std::string& connection, std::string_view why) = 0;
  // The venue answered a subscription sent on this connection.
  virtual void SubscriptionAnswered(const std::string& connection,
                                    const venue::RequestResult& answer) = 0;
};

}  // namespace gannet::ingest
