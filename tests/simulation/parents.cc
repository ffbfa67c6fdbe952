#include "tests/simulation/parents.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/bus/topics.h"
#include "libs/journal/journal.h"
#include "libs/wire/saved.h"

namespace gannet::simulation {
namespace {

using namespace std::chrono_literals;
using market::Side;

constexpr base::Duration kBegin = 9s;  // after the world's: books are proven by then
constexpr int kVenueScale = 8;
constexpr char kSol[] = "binance-spot:SOLUSDT", kEth[] = "binance-spot:ETHUSDT",
               kBnb[] = "binance-spot:BNBUSDT";

// A limit some hundredths of a percent from the market, and what 300 of the quote asset buy.
market::OrderRequest Request(const risk::InstrumentRow& row, Side side, int64_t away_ppm) {
  market::OrderRequest order;
  order.account = market::AccountId("main/paper");
  order.instrument = row.definition.id;
  order.side = side;
  const int64_t moved = row.mid.mantissa / 1'000'000 * (1'000'000 + market::Sign(side) * away_ppm);
  order.price = row.definition.RoundToTick({moved}, market::Rounding::kHalfEven);
  const market::Money whole(300, 0);
  const auto units =
      market::Rescale(whole.units(), 0, row.definition.quote_scale, market::Rounding::kDown);
  const int digits =
      row.definition.price_scale + row.definition.quantity_scale - row.definition.quote_scale;
  const auto quantity = market::MulDiv(*units, market::PowerOfTen(digits), order.price.mantissa,
                                       market::Rounding::kDown);
  order.quantity = row.definition.RoundDownToLot({static_cast<int64_t>(*quantity)});
  return order;
}

const risk::InstrumentRow* RowOf(PlatformNode& platform, const char* instrument) {
  const risk::ExposureBook& book = platform.risk().book();
  const risk::Index at = book.FindInstrument(market::InstrumentId(instrument));
  return at == risk::kNone || book.instrument(at).mid.mantissa == 0 ? nullptr
                                                                    : &book.instrument(at);
}

bool SeesMarket(PlatformNode& platform) {
  return RowOf(platform, kSol) != nullptr && RowOf(platform, kEth) != nullptr &&
         RowOf(platform, kBnb) != nullptr;
}

}  // namespace

void ParentGiver::Make(PlatformNode& platform, base::Time now) {
  const risk::InstrumentRow* sol = RowOf(platform, kSol);
  const risk::InstrumentRow* eth = RowOf(platform, kEth);
  const risk::InstrumentRow* bnb = RowOf(platform, kBnb);
  const auto add = [this, now](market::OrderRequest order, market::AlgoPlan plan,
                               base::Duration life) {
    order.expires = now + life;
    order.plan = std::move(plan);
    Given& given = given_.emplace_back();
    given.command.kind = market::CommandKind::kSubmitOrder;
    given.command.scope = {market::ScopeKind::kAccount, order.account.text()};
    given.command.reason = "simulation";
    given.command.person = "ann";
    given.command.request_id = absl::StrCat("parent-", given_.size());
    given.command.order = std::move(order);
  };
  market::AlgoPlan twap;
  twap.slices = 8;
  add(Request(*sol, Side::kBuy, 5'000), twap, 32s);
  market::AlgoPlan pov;
  pov.algo = market::Algo::kPov;
  pov.participation_ppm = 200'000;
  add(Request(*eth, Side::kSell, 5'000), pov, 45s);
  market::AlgoPlan bracket;
  bracket.algo = market::Algo::kBracket;
  market::OrderRequest entry = Request(*bnb, Side::kBuy, 500);
  const auto moved = [&](int64_t ppm) {
    return bnb->definition.RoundToTick({entry.price.mantissa / 1'000'000 * (1'000'000 + ppm)},
                                       market::Rounding::kHalfEven);
  };
  bracket.take_profit = moved(400);
  bracket.stop = moved(-400);
  bracket.stop_limit = moved(-20'000);
  add(std::move(entry), bracket, 60s);
}

void ParentGiver::Step(PlatformNode& platform, base::Time begin) {
  const base::Time now = platform.now();
  // Prices are not recovered: until they are there, the instruments may not be known.
  if (now - begin < kBegin || !SeesMarket(platform)) return;
  if (given_.empty()) Make(platform, now);
  for (size_t i = 0; i < given_.size(); ++i) {
    Given& given = given_[i];
    if (given.answered || given.asked_in == platform.starts()) continue;
    given.asked_in = platform.starts();
    platform.commands().Submit(
        given.command, {.wait_for = command::Progress::kAcceptedForRisk, .patience = 5s},
        [this, i](const absl::StatusOr<command::CommandResult>& result) {
          Given& asked = given_[i];
          if (asked.answered) return;
          if (!result.ok() || result->reached == command::Progress::kRecorded) {
            asked.asked_in = 0;  // asked again
            return;
          }
          asked.answered = true;
          asked.refused = result->reached == command::Progress::kRefused;
        });
  }
}

bool ParentGiver::AllEnded(const risk::RiskEngine& risk) const {
  const auto orders = risk.book().SortedOrders();
  return !given_.empty() && answered() == given_.size() &&
         std::none_of(orders.begin(), orders.end(),
                      [](const auto& entry) { return entry.second->is_parent; });
}

size_t ParentGiver::answered() const {
  return static_cast<size_t>(std::count_if(given_.begin(), given_.end(),
                                           [](const Given& given) { return given.answered; }));
}

size_t ParentGiver::taken() const {
  return static_cast<size_t>(std::count_if(given_.begin(), given_.end(), [](const Given& given) {
    return given.answered && !given.refused;
  }));
}

std::vector<std::string> ParentGiver::CheckReservations(const risk::RiskEngine& risk) const {
  std::vector<std::string> violations;
  struct Sum {
    const risk::OpenOrder* parent = nullptr;
    market::Int128 value = 0;
    int64_t quantity = 0;
  };
  std::map<market::ClientOrderId, Sum> sums;
  const auto orders = risk.book().SortedOrders();
  for (const auto& [id, order] : orders) {
    const bool child = !order->parent.empty();
    if (!child && !order->is_parent) continue;
    Sum& sum = sums[child ? order->parent : id];
    if (order->is_parent) sum.parent = order;
    if (child && order->taken == 0) continue;  // an exit
    sum.value += order->rest_value;
    sum.quantity += order->rest;
  }
  for (const auto& [id, sum] : sums) {
    if (sum.parent == nullptr) continue;
    if (sum.value > sum.parent->reserved.units() || sum.quantity > sum.parent->quantity.mantissa ||
        sum.parent->rest < 0 || sum.parent->rest_value < 0) {
      violations.push_back(absl::StrCat("I8: more than parent ", id.text(), " is reserved"));
    }
  }
  return violations;
}

namespace {

struct Story {
  market::ParentOrder first;
  std::vector<market::ParentOrder> ended;
  std::map<std::string, market::OrderIntent> children;
};

// What a journal of strategy tells of parents, in its order.
struct Stories {
  std::map<market::ClientOrderId, Story> parents;
  std::map<market::InstrumentId, int> scales;  // of quantities
  std::vector<std::string> violations;

  void Take(const market::ParentOrder& parent) {
    Story& story = parents[parent.id()];
    if (story.first.intent.client_order_id.empty()) story.first = parent;
    if (market::IsTerminal(parent.state)) story.ended.push_back(parent);
  }
  void Take(const wire::EngineNote& note) {
    if (note.engine != "strategy" || note.kind != "instrument") return;
    wire::CanonicalReader in(note.body);
    const market::Instrument instrument = wire::LoadInstrument(in);
    scales[instrument.id] = instrument.quantity_scale;
  }
  void Take(const market::OrderIntent& intent) {
    if (intent.kind != market::IntentKind::kNew || intent.parent.empty()) return;
    Story& story = parents[intent.parent];
    story.children.emplace(intent.client_order_id.text(), intent);
    const market::OrderIntent& parent = story.first.intent;
    const int64_t beyond =
        market::Sign(intent.side) * (intent.price.mantissa - parent.price.mantissa);
    if (intent.side == parent.side && beyond > 0) {
      violations.push_back(absl::StrCat("parents: child ", intent.client_order_id.text(),
                                        " is beyond its parent's limit"));
    }
    if (!story.ended.empty())
      violations.push_back(
          absl::StrCat("parents: a child after the end of ", intent.parent.text()));
  }
};

Stories Read(journal::Reader& reader) {
  Stories stories;
  for (;;) {
    const auto record = reader.Next();
    if (!record.ok() || !*record) return stories;
    if ((*record)->type != journal::RecordType::kFact) continue;
    const auto& channel = (*record)->channel;
    const std::string& payload = (*record)->payload;
    if (channel == bus::kOrderParents.info.name) {
      stories.Take(wire::Decode<market::ParentOrder>(payload)->value);
    } else if (channel == bus::kJournals.info.name) {
      stories.Take(wire::Decode<wire::EngineNote>(payload)->value);
    } else if (channel == bus::kOrderIntents.info.name) {
      stories.Take(wire::Decode<market::OrderIntent>(payload)->value);
    }
  }
}

// What the venue has filled of its children.
struct Filled {
  market::Money entered, exited;
  bool twins = false;  // a request that the network doubled may have become two orders
};

Filled FilledOf(const Story& story, const VenueRecord& venue, const Doubled& doubled) {
  Filled filled;
  for (const VenueRecord::Order& order : venue.orders) {
    const auto child = story.children.find(order.order.request.client_order_id);
    if (child == story.children.end()) continue;
    filled.twins = filled.twins || doubled.contains(child->first);
    (child->second.side == story.first.intent.side ? filled.entered : filled.exited) +=
        market::Money(order.order.executed, kVenueScale);
  }
  return filled;
}

void CheckEnd(const market::ParentOrder& end, int scale, const Filled& filled,
              std::vector<std::string>& violations) {
  const market::Money told(end.filled.mantissa, scale), left(end.exited.mantissa, scale);
  if (!filled.twins && (told != filled.entered || left != filled.exited)) {
    violations.push_back(absl::StrCat(
        "parents: ", end.id().text(), " says ", told.ToString(), " and ", left.ToString(),
        ", the venue ", filled.entered.ToString(), " and ", filled.exited.ToString()));
  }
  if (end.filled > end.intent.quantity)
    violations.push_back(absl::StrCat("parents: ", end.id().text(), " filled more than it wanted"));
}

}  // namespace

std::vector<std::string> CheckParents(base::Files& files, const std::string& journal,
                                      const VenueRecord& venue, const Doubled& doubled,
                                      uint64_t& ends) {
  const auto reader = journal::Reader::Open(files, journal);
  if (!reader.ok()) return {"parents: the journal cannot be read"};
  Stories stories = Read(**reader);
  for (const auto& [id, story] : stories.parents) {
    if (story.ended.size() != 1) {
      stories.violations.push_back(
          absl::StrCat("parents: ", id.text(), " ended ", story.ended.size(), " times"));
      continue;
    }
    ++ends;
    const market::ParentOrder& end = story.ended.front();
    CheckEnd(end, stories.scales[end.intent.instrument], FilledOf(story, venue, doubled),
             stories.violations);
  }
  return std::move(stories.violations);
}

}  // namespace gannet::simulation
