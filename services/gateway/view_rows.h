// The rows of the view as JSON values: what the REST answers and the live stream
// are made of. Includes a heavy header: for .cc files only.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "libs/base/time.h"
#include "services/gateway/view.h"

namespace gannet::gateway {

using Json = nlohmann::ordered_json;

// Text from outside may hold broken UTF-8: replaced, never thrown over.
std::string Text(const Json& json);
// "stream-sequence"; empty for none.
std::string IdText(const market::EventId& id);

Json MarketRow(const View& view, const market::InstrumentId& id, const View::Market& m,
               base::Time now);
Json SignalRow(const View::Signal& s);
Json OrderRow(const View& view, const View::Order& o);
Json FillRow(const View& view, const View::FillSeen& f);
Json PositionRow(const View& view, const View::Position& position);
Json BalanceRow(const market::BalanceUpdate& b);
Json FeedRow(const std::string& name, const View::Feed& feed, base::Time now);
Json RiskRow(const market::Scope& scope, const market::RiskState& state);
Json ProposalRow(const market::LimitRecord& record, const market::LimitRecord::Proposal& proposal);
Json DenialRow(const View& view, const View::Denial& d);
Json PredictionRow(const View::PredictionSeen& p);
Json ProfitRows(const View& view);
Json CountersRow(const View& view);

}  // namespace gannet::gateway
