#include "services/venue-sim/fault_script.h"

#include <algorithm>
#include <iterator>

#include "libs/market/decimal.h"
#include "services/venue-sim/symbols.h"

namespace gannet::venue_sim {
namespace {

using namespace std::chrono_literals;

constexpr config::Name<FaultKind> kKinds[] = {
    {"lost_request", FaultKind::kLostRequest},
    {"lost_answer", FaultKind::kLostAnswer},
    {"refused_error", FaultKind::kRefusedError},
    {"handled_error", FaultKind::kHandledError},
    {"late_answer", FaultKind::kLateAnswer},
    {"doubled_request", FaultKind::kDoubledRequest},
    {"told_to_wait", FaultKind::kToldToWait},
    {"short_open_orders", FaultKind::kShortOpenOrders},
    {"lookup_lag", FaultKind::kLookupLag},
    {"zero_balances", FaultKind::kZeroBalances},
    {"half_replace", FaultKind::kHalfReplace},
    {"lost_frame", FaultKind::kLostFrame},
    {"late_frame", FaultKind::kLateFrame},
    {"doubled_frame", FaultKind::kDoubledFrame},
    {"swapped_frames", FaultKind::kSwappedFrames},
    {"fill_before_ack", FaultKind::kFillBeforeAck},
    {"partial_then_cancel", FaultKind::kPartialThenCancel},
    {"ack_then_expire", FaultKind::kAckThenExpire},
    {"ack_then_reject", FaultKind::kAckThenReject},
    {"funding", FaultKind::kFunding},
    {"liquidation", FaultKind::kLiquidation},
    {"adl", FaultKind::kAdl},
    {"hand_order", FaultKind::kHandOrder},
    {"hand_amend", FaultKind::kHandAmend},
    {"lost_order", FaultKind::kLostOrder},
    {"transfer", FaultKind::kTransfer},
    {"restate", FaultKind::kRestate},
    {"halt", FaultKind::kHalt},
    {"disconnect", FaultKind::kDisconnect},
    {"silence", FaultKind::kSilence},
    {"clock_skew", FaultKind::kClockSkew},
};
static_assert(std::size(kKinds) == static_cast<size_t>(kLastFault));

constexpr config::Name<Door> kDoors[] = {
    {"any", Door::kAny}, {"spot", Door::kSpot}, {"usdm", Door::kUsdm}, {"bybit", Door::kBybit}};
constexpr config::Name<RequestClass> kClasses[] = {{"any", RequestClass::kAny},
                                                   {"place", RequestClass::kPlace},
                                                   {"cancel", RequestClass::kCancel},
                                                   {"query", RequestClass::kQuery},
                                                   {"amend", RequestClass::kAmend}};
constexpr config::Name<FrameClass> kFrames[] = {{"any", FrameClass::kAny},
                                                {"ack", FrameClass::kAck},
                                                {"fill", FrameClass::kFill},
                                                {"market", FrameClass::kMarket}};

// Of a symbol, as a restatement names them.
constexpr std::pair<std::string_view, std::string FaultRule::*> kSymbolRules[] = {
    {"tick", &FaultRule::tick},
    {"lot", &FaultRule::lot},
    {"max_price", &FaultRule::max_price},
    {"max_quantity", &FaultRule::max_quantity},
    {"min_notional", &FaultRule::min_notional}};

bool IsRule(std::string_view key) {
  return std::any_of(std::begin(kSymbolRules), std::end(kSymbolRules),
                     [key](const auto& rule) { return rule.first == key; });
}

// Which keys a kind has beside those of every rule.
bool Has(FaultKind kind, std::string_view key) {
  const auto any = [kind](std::initializer_list<FaultKind> kinds) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  };
  if (key == "of")
    return any({FaultKind::kLostRequest, FaultKind::kLostAnswer, FaultKind::kRefusedError,
                FaultKind::kHandledError, FaultKind::kLateAnswer, FaultKind::kToldToWait});
  if (key == "frame")
    return any({FaultKind::kLostFrame, FaultKind::kLateFrame, FaultKind::kDoubledFrame,
                FaultKind::kSwappedFrames});
  if (key == "delay")
    return any({FaultKind::kLateAnswer, FaultKind::kDoubledRequest, FaultKind::kLookupLag,
                FaultKind::kLateFrame, FaultKind::kFillBeforeAck, FaultKind::kAckThenExpire,
                FaultKind::kRestate, FaultKind::kHalt, FaultKind::kSilence, FaultKind::kClockSkew});
  if (key == "answer") return any({FaultKind::kRefusedError, FaultKind::kHandledError});
  if (key == "wait" || key == "ban") return kind == FaultKind::kToldToWait;
  if (key == "keep") return kind == FaultKind::kShortOpenOrders;
  if (key == "every") return kind >= FaultKind::kFunding && kind != FaultKind::kClockSkew;
  if (key == "symbol")
    return any({FaultKind::kFunding, FaultKind::kLiquidation, FaultKind::kAdl,
                FaultKind::kHandOrder, FaultKind::kHandAmend, FaultKind::kLostOrder,
                FaultKind::kRestate, FaultKind::kHalt});
  if (key == "quantity")
    return any(
        {FaultKind::kLiquidation, FaultKind::kAdl, FaultKind::kHandOrder, FaultKind::kHandAmend});
  if (key == "side") return any({FaultKind::kLiquidation, FaultKind::kAdl, FaultKind::kHandOrder});
  if (IsRule(key)) return kind == FaultKind::kRestate;
  if (key == "price") return kind == FaultKind::kHandOrder;
  if (key == "amount") return any({FaultKind::kFunding, FaultKind::kTransfer});
  return key == "asset" && kind == FaultKind::kTransfer;
}

void CheckRestatement(config::Section& in, const FaultRule& rule) {
  std::map<std::string_view, int64_t> rules;
  for (const auto& [name, text] : kSymbolRules) {
    if (!in.Has(name)) continue;
    const auto value = market::ParseDecimal(rule.*text, kScale);
    if (!value || *value <= 0) in.Problem(name, "must be a decimal above 0");
    rules[name] = value.value_or(0);
  }
  const int symbol = FindSymbol(rule.symbol);
  if (symbol >= 0 && !Restated(ListedSymbols()[static_cast<SymbolIndex>(symbol)],
                               {.tick = rules["tick"], .lot = rules["lot"]}))
    in.Problem(in.Has("lot") ? "lot" : "tick",
               "leaves amounts that are not exact: ticks and lots, as listed and as restated, have "
               "at most 8 digits together");
}

void ReadRule(config::Section& in, FaultRule& out) {
  in.Required("fault", out.kind, kKinds);
  in.Optional("door", out.door, kDoors);
  in.Optional("chance", out.chance, config::Between(config::Ppm{0}, config::Ppm{1'000'000}));
  in.Optional("skip", out.skip);
  in.Optional("times", out.times, config::AtLeast(uint64_t{1}));
  in.Optional("from", out.from, config::Between(0s, 24h * 365));
  in.Optional("until", out.until, config::Between(0s, 24h * 365));
  in.Optional("every", out.every, config::Between(10ms, 24h * 365));
  in.Optional("of", out.of, kClasses);
  in.Optional("frame", out.frame, kFrames);
  in.Optional("delay", out.delay, config::Between(1ms, 24h));
  in.Optional("wait", out.wait, config::Between(1s, 72h));
  in.Optional("ban", out.ban, config::Between(0s, 72h));
  in.Optional("answer", out.answer);
  in.Optional("keep", out.keep);
  in.Optional("symbol", out.symbol);
  in.Optional("asset", out.asset);
  in.Optional("side", out.side);
  in.Optional("quantity", out.quantity);
  in.Optional("price", out.price);
  in.Optional("amount", out.amount);
  for (const auto& [name, text] : kSymbolRules) in.Optional(name, out.*text);
  for (const std::string& key : in.Keys()) {
    static constexpr std::string_view kCommon[] = {"fault", "door", "chance", "skip",
                                                   "times", "from", "until"};
    const bool common = std::find(std::begin(kCommon), std::end(kCommon), key) != std::end(kCommon);
    if (!common && !Has(out.kind, key))
      in.Problem(key, "is not of the fault '" + std::string(Name(out.kind)) + "'");
  }
  static constexpr std::string_view kAnswers[] = {"any",  "502",  "503", "504",
                                                  "1006", "1007", "2010"};
  if (std::find(std::begin(kAnswers), std::end(kAnswers), out.answer) == std::end(kAnswers))
    in.Problem("answer", "must be any, 502, 503, 504, 1006, 1007 or 2010");
  if (out.until && *out.until <= out.from) in.Problem("until", "must be after 'from'");
  if (in.Has("symbol") && FindSymbol(out.symbol) < 0)
    in.Problem("symbol", "is not a symbol of this venue");
  if (in.Has("side") && out.side != "BUY" && out.side != "SELL")
    in.Problem("side", "must be BUY or SELL");
  const auto quantity = market::ParseDecimal(out.quantity, kScale);
  if (!quantity || *quantity <= 0) in.Problem("quantity", "must be a decimal above 0");
  const auto price = market::ParseDecimal(out.price, kScale);
  if (in.Has("price") && (!price || *price <= 0)) in.Problem("price", "must be a decimal above 0");
  if (!market::ParseDecimal(out.amount, kScale))
    in.Problem("amount", "must be a decimal, such as -1.25");
  CheckRestatement(in, out);
  const auto& assets = ListedAssets();
  if (in.Has("asset") && std::find(assets.begin(), assets.end(), out.asset) == assets.end())
    in.Problem("asset", "is not an asset of this venue");
}

}  // namespace

std::string_view Name(FaultKind kind) {
  for (const auto& name : kKinds) {
    if (name.value == kind) return name.text;
  }
  return "unknown";
}

void ReadFaults(config::Section& in, FaultScript& out) {
  in.Optional("seed", out.seed);
  in.Items("rules", out.rules, ReadRule, {.min = 1, .max = kMaxFaultRules});
}

absl::StatusOr<FaultScript> LoadFaultScript(base::Files& files, const std::string& path) {
  return config::LoadFile<FaultScript>(
      files, path, [](config::Section& in, FaultScript& script) { ReadFaults(in, script); });
}

}  // namespace gannet::venue_sim
