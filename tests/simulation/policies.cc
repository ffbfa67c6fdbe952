#include "tests/simulation/policies.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "libs/base/rng.h"
#include "libs/base/status.h"
#include "libs/base/virtual_executor.h"
#include "libs/market/decimal.h"
#include "libs/net/sim_network.h"
#include "libs/venue/binance/spot_order_venue.h"
#include "libs/wire/canonical.h"
#include "services/venue-sim/form.h"
#include "services/venue-sim/symbols.h"
#include "tests/simulation/focus.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/swarm.h"
#include "tests/simulation/venue_node.h"
#include "tests/simulation/workers.h"

namespace gannet::simulation {
namespace {

using namespace std::chrono_literals;
using venue::OutcomeClass;
using venue::VenueOrderStatus;

constexpr base::Duration kStep = 100ms, kOrderEvery = 400ms, kLookEvery = 1s, kOrderLife = 3s;
constexpr base::Duration kFirstCheck = 5s, kCheckEvery = 2s;  // of an order in flight
constexpr base::Duration kCalm = 40s;
constexpr int kTries = 4, kMissing = 3, kChecks = 5;
constexpr size_t kMarkets = 4;  // of the venue's list
const base::Time kStart = base::FromUnixMillis(1'750'000'000'000);

struct Order {
  size_t number = 0, market = 0;
  market::OrderIntent intent;
  std::vector<std::string> ids;  // one for each time it was sent
  bool acknowledged = false, closed = false, asking = false;
  bool send = true;     // (again), at the next look
  bool cancel = false;  // the last look at what is to end was a cancel; the next is a question
  int64_t filled = 0;   // at the venue's scale, as believed
  int looks = 0;        // that showed nothing
  base::Time placed{}, next_look{};
};

// One order after the other, half of them at the market and half far from it.
class Trader {
 public:
  Trader(Policy policy, VenueNode& venue, net::Network& network, const base::Clock& clock)
      : policy_(policy),
        node_(venue),
        network_(network),
        clock_(clock),
        venue_({.venue = "binance-spot",
                .api_key = VenueNode::kApiKey,
                .secret = VenueNode::kApiSecret}),
        url_(*net::Url::Parse(venue.url())) {
    for (size_t i = 0; i < kMarkets; ++i) {
      const venue_sim::Symbol& symbol = venue_sim::ListedSymbols()[i];
      market::Instrument instrument;
      instrument.id = market::InstrumentId("binance-spot:" + symbol.name);
      instrument.price_scale = instrument.quantity_scale = venue_sim::kScale;
      instruments_.push_back(std::move(instrument));
    }
  }

  void Step(bool placing) {
    const base::Time now = clock_.Now();
    if (now < wait_until_) return;
    if (placing && now >= next_order_ && node_.running()) {
      next_order_ = now + kOrderEvery;
      PlaceNext(now);
    }
    for (Order& order : orders_) {
      if (!order.closed && !order.asking && now >= order.next_look) Look(order, now);
    }
  }

  const std::deque<Order>& orders() const { return orders_; }

 private:
  void PlaceNext(base::Time now) {
    const size_t number = orders_.size(), market = number % kMarkets;
    const venue_sim::Symbol& symbol = venue_sim::ListedSymbols()[market];
    const bool buys = number / kMarkets % 2 == 0, rests = number / (2 * kMarkets) % 2 == 0;
    const auto best = node_.core().Best(static_cast<venue_sim::SymbolIndex>(market),
                                        buys ? market::Side::kSell : market::Side::kBuy);
    if (!best) return;
    constexpr int64_t kFar = 20, kNear = 200;  // a part of the price
    const int64_t step = best->price.mantissa / (rests ? kFar : kNear) * (buys == rests ? -1 : 1);
    Order& order = orders_.emplace_back();
    order.number = number;
    order.market = market;
    order.intent.instrument = instruments_[market].id;
    order.intent.side = buys ? market::Side::kBuy : market::Side::kSell;
    order.intent.price = {(best->price.mantissa + step) / symbol.tick * symbol.tick};
    order.intent.quantity = {
        std::max(symbol.typical_quantity / 10, 2 * MinQuantity(symbol, order.intent.price)) /
        symbol.lot * symbol.lot};
    order.placed = now;
  }

  static int64_t MinQuantity(const venue_sim::Symbol& symbol, market::Price price) {
    return static_cast<int64_t>(static_cast<__int128>(symbol.min_notional) * venue_sim::kOne /
                                price.mantissa);
  }

  void Place(Order& order) {
    order.send = false;
    order.ids.push_back(absl::StrFormat("m%d_%d", order.number, order.ids.size()));
    order.intent.client_order_id = market::ClientOrderId(order.ids.back());
    const auto wire =
        venue_.Place(order.intent, order.intent.quantity, instruments_[order.market], VenueNow());
    Send(order, *wire, {.kind = venue::RequestKind::kPlace}, &Trader::OnPlaced);
  }

  void Look(Order& order, base::Time now) {
    if (order.send) return Place(order);
    order.next_look =
        now +
        (order.acknowledged || policy_ != Policy::kRejectedAfterChecks ? kLookEvery : kCheckEvery);
    const venue::OrderKey key{.instrument = order.intent.instrument,
                              .client_order_id = order.intent.client_order_id};
    order.cancel = order.acknowledged && now >= order.placed + kOrderLife && !order.cancel;
    if (order.cancel)
      return Send(order, venue_.Cancel(key, VenueNow()),
                  {.kind = venue::RequestKind::kCancel, .target = key.client_order_id},
                  &Trader::OnCancelled);
    Send(order, venue_.QueryOrder(key, VenueNow()), {.kind = venue::RequestKind::kQueryOrder},
         &Trader::OnSeen);
  }

  void OnPlaced(Order& order, const venue::Answer& answer) {
    if (Take(order, answer)) return;
    if (answer.outcome == OutcomeClass::kRefused || answer.outcome == OutcomeClass::kTurnedAway) {
      order.closed = true;
    } else if (policy_ == Policy::kRetryOnTimeout) {
      order.send = order.ids.size() < kTries;
      order.closed = !order.send;  // failed
    } else {
      order.next_look =
          clock_.Now() + (policy_ == Policy::kRejectedAfterChecks ? kFirstCheck : kLookEvery);
    }
  }

  void OnSeen(Order& order, const venue::Answer& answer) {
    if (Take(order, answer) || order.acknowledged) return;
    if (policy_ == Policy::kFailedWhenMissing)
      order.closed = answer.not_found && ++order.looks >= kMissing;
    if (policy_ == Policy::kRejectedAfterChecks) order.closed = ++order.looks >= kChecks;
  }

  void OnCancelled(Order& order, const venue::Answer& answer) { Take(order, answer); }

  // True: the answer shows the order.
  bool Take(Order& order, const venue::Answer& answer) {
    if (answer.outcome != OutcomeClass::kConfirmed || answer.orders.empty()) return false;
    const venue::OrderUpdate& update = answer.orders.front();
    order.acknowledged = true;
    if (const auto filled = market::ParseDecimal(update.cumulative, venue_sim::kScale))
      order.filled = std::max(order.filled, static_cast<int64_t>(*filled));
    order.closed = update.status == VenueOrderStatus::kFilled ||
                   update.status == VenueOrderStatus::kCanceled ||
                   update.status == VenueOrderStatus::kRejected ||
                   update.status == VenueOrderStatus::kExpired;
    order.next_look = clock_.Now() + kLookEvery;
    return true;
  }

  base::Time VenueNow() const { return node_.gate().clock().Now(); }

  void Send(Order& order, venue::WireRequest wire, venue::RequestContext context,
            void (Trader::*done)(Order&, const venue::Answer&)) {
    net::HttpRequest http{.method = std::move(wire.method),
                          .target = std::move(wire.target),
                          .headers = std::move(wire.headers),
                          .body = std::move(wire.body)};
    http.headers.emplace_back("X-MBX-APIKEY", VenueNode::kApiKey);
    context.instrument = order.intent.instrument;
    if (context.target.empty()) context.client_order_id = order.intent.client_order_id;
    order.asking = true;
    network_.Http(url_, std::move(http), {.timeout = 10s},
                  [this, &order, context, done](const net::HttpResult& result) {
                    order.asking = false;
                    (this->*done)(order, Decode(context, result));
                  });
  }

  venue::Answer Decode(const venue::RequestContext& context, const net::HttpResult& result) {
    wire::HttpExchange exchange;
    if (result.status.ok()) {
      exchange.status = result.response.status;
      exchange.body = result.response.body;
      const std::string_view wait = net::FindHeader(result.response.headers, "retry-after");
      if (!wait.empty()) exchange.headers.emplace_back("retry-after", wait);
    } else {
      exchange.transport_error = std::string(result.status.message());
    }
    venue::Answer answer = venue_.DecodeAnswer(context, exchange);
    if (answer.rate.retry_after) wait_until_ = clock_.Now() + *answer.rate.retry_after;
    return answer;
  }

  const Policy policy_;
  VenueNode& node_;
  net::Network& network_;
  const base::Clock& clock_;
  venue::binance::SpotOrderVenue venue_;
  const net::Url url_;
  std::vector<market::Instrument> instruments_;
  std::deque<Order> orders_;  // stays where it is while others come
  base::Time next_order_{}, wait_until_{};
};

class PolicyWorld {
 public:
  PolicyWorld(Policy policy, const SimulationOptions& options)
      : options_(options),
        rng_(options.seed),
        executor_(kStart),
        network_(executor_, executor_, rng_.Fork()),
        venue_("binance-spot", VenueNode::kPort, options.seed, executor_, network_),
        trader_(policy, venue_, network_, executor_) {
    const auto doubled = [this](const net::HttpRequest& request) {
      doubled_.insert(venue_sim::ParameterOf(request, "newClientOrderId"));
    };
    network_.ObserveDuplicates(doubled);
    venue_.gate().ObserveDoubled(doubled);
  }

  absl::StatusOr<PolicyResult> Run() {
    GANNET_RETURN_IF_ERROR(venue_.Start());
    Swarm swarm = Swarm::Of(options_.focused ? FocusOf(options_.seed) : nullptr,
                            rng_);  // of the same seed as the platform's
    if (options_.script) swarm = Swarm{.venue = *options_.script};
    network_.set_faults(swarm.network);
    venue_.gate().Begin(swarm.venue);
    for (const base::Time end = executor_.Now() + options_.safety; executor_.Now() < end;) {
      trader_.Step(/*placing=*/true);
      executor_.RunUntil(executor_.Now() + kStep);
      GANNET_RETURN_IF_ERROR(Strike(swarm));
    }
    network_.set_faults({});
    venue_.gate().Begin({});
    if (!venue_.running()) GANNET_RETURN_IF_ERROR(venue_.Start());
    for (const base::Time end = executor_.Now() + kCalm; executor_.Now() < end;) {
      trader_.Step(/*placing=*/false);
      executor_.RunUntil(executor_.Now() + kStep);
    }
    return Judge();
  }

 private:
  absl::Status Strike(const Swarm& swarm) {
    const double step = std::chrono::duration<double>(kStep).count();
    if (!venue_.running()) return venue_.Start();
    if (rng_.Chance(swarm.venue_crash * step)) {
      venue_.Crash(rng_);
      network_.ResetConnections();
    }
    if (rng_.Chance(swarm.partition * step))
      network_.AddPartition(executor_.Now(), std::chrono::milliseconds(rng_.Between(200, 8'000)));
    return absl::OkStatus();
  }

  PolicyResult Judge() const {
    std::map<std::string, std::pair<int, int64_t>> at_venue;  // orders, filled
    const VenueRecord record = ReadVenue(venue_.name(), Product::kBinanceSpot, venue_.exchange());
    for (const VenueRecord::Order& of : record.orders) {
      auto& [count, filled] = at_venue[of.order.request.client_order_id];
      ++count;
      filled += of.order.executed;
    }
    PolicyResult result;
    for (const Order& order : trader_.orders()) {
      if (std::any_of(order.ids.begin(), order.ids.end(),
                      [this](const std::string& id) { return doubled_.contains(id); }))
        continue;
      ++result.orders;
      int count = 0;
      int64_t filled = 0;
      for (const std::string& id : order.ids) {
        const auto found = at_venue.find(id);
        if (found == at_venue.end()) continue;
        count += found->second.first;
        filled += found->second.second;
      }
      if (count > 1) {
        ++result.doubled;
      } else if (count == 1 && order.closed && !order.acknowledged) {
        ++result.given_up;
      } else if (filled != order.filled) {
        ++result.figure;
      }
    }
    result.strikes.insert(venue_.gate().strikes().begin(), venue_.gate().strikes().end());
    return result;
  }

  const SimulationOptions& options_;
  base::Rng rng_;
  base::VirtualExecutor executor_;
  net::SimNetwork network_;
  VenueNode venue_;
  Trader trader_;
  std::set<std::string> doubled_;
};

using Rows = std::array<PolicyResult, kPolicies.size() + 1>;  // the last is the platform

std::string Encode(const Rows& rows) {
  wire::CanonicalWriter out;
  for (const PolicyResult& row : rows) {
    for (const uint64_t count : {row.orders, row.doubled, row.given_up, row.figure}) out.U64(count);
  }
  return out.Take();
}

Rows Decode(std::string_view bytes) {
  wire::CanonicalReader in(bytes);
  Rows rows;
  for (PolicyResult& row : rows) {
    for (uint64_t* count : {&row.orders, &row.doubled, &row.given_up, &row.figure})
      *count = in.U64();
  }
  return rows;
}

absl::StatusOr<Rows> TradeByAll(const SimulationOptions& options) {
  Rows rows;
  for (size_t i = 0; i < kPolicies.size(); ++i) {
    GANNET_ASSIGN_OR_RETURN(rows[i], TradeBy(kPolicies[i], options));
  }
  GANNET_ASSIGN_OR_RETURN(const SimulationResult ours, Simulate(options));
  rows.back() = {.orders = ours.orders, .figure = ours.violations.size()};
  return rows;
}

}  // namespace

const char* Name(Policy policy) {
  switch (policy) {
    case Policy::kRetryOnTimeout:
      return "retry on timeout";
    case Policy::kFailedWhenMissing:
      return "failed after 3 not-found";
    case Policy::kRejectedAfterChecks:
      break;
  }
  return "rejected after 5 in-flight checks";
}

absl::StatusOr<PolicyResult> TradeBy(Policy policy, const SimulationOptions& options) {
  return PolicyWorld(policy, options).Run();
}

absl::Status ComparePolicies(const CampaignOptions& options, std::ostream& out) {
  Rows sums;
  absl::Status failed;
  uint64_t seeds = 0;
  ForEachSeed(
      {options.first_seed, options.last_seed, options.jobs, [] { return true; }},
      [&](uint64_t seed) {
        SimulationOptions one = options.each;
        one.seed = seed;
        one.verify_replay = false;
        const absl::StatusOr<Rows> rows = TradeByAll(one);
        return rows.ok() ? Encode(*rows) : "!" + rows.status().ToString();
      },
      [&](uint64_t seed, const absl::StatusOr<std::string>& packed) {
        if (!packed.ok() || packed->starts_with('!')) {
          failed = absl::InternalError(absl::StrFormat(
              "seed %d: %s", seed, packed.ok() ? packed->substr(1) : packed.status().ToString()));
          return;
        }
        ++seeds;
        const Rows rows = Decode(*packed);
        for (size_t i = 0; i < rows.size(); ++i) {
          sums[i].orders += rows[i].orders;
          sums[i].doubled += rows[i].doubled;
          sums[i].given_up += rows[i].given_up;
          sums[i].figure += rows[i].figure;
        }
      });
  GANNET_RETURN_IF_ERROR(failed);
  out << absl::StrFormat("%d seeds\n%-34s %8s %8s %9s %7s %18s\n", seeds, "policy", "orders",
                         "doubled", "given up", "figure", "wrong per million");
  for (size_t i = 0; i < sums.size(); ++i) {
    const PolicyResult& row = sums[i];
    constexpr uint64_t kMillion = 1'000'000;
    out << absl::StrFormat("%-34s %8d %8d %9d %7d %18d\n",
                           i < kPolicies.size() ? Name(kPolicies[i]) : "gannet", row.orders,
                           row.doubled, row.given_up, row.figure,
                           row.orders > 0 ? row.wrong() * kMillion / row.orders : 0);
  }
  if (sums.back().wrong() > 0) return absl::InternalError("the platform had wrong orders too");
  return absl::OkStatus();
}

}  // namespace gannet::simulation
