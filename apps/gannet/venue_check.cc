#include "apps/gannet/venue_check.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/digest.h"
#include "libs/base/hmac_key.h"
#include "libs/venue/binance/market_codec.h"

namespace gannet::app {
namespace {

using nlohmann::json;
using venue::binance::Product;
using namespace std::chrono_literals;

// The venue refuses a timestamp this far ahead of its own
// (developers.binance.com, "Timing security").
constexpr base::Duration kClockAheadLimit = 1s;
constexpr base::Duration kClockWarning = 250ms;
constexpr int kClockSamples = 3;
constexpr int64_t kReceiveWindowMs = 5'000;

// What stands there, if it is of that kind: answers come from outside.
const json* At(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? &*found : nullptr;
}
std::string TextAt(const json& object, const char* key, const char* otherwise = "") {
  const json* value = At(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : otherwise;
}
int64_t IntegerAt(const json& object, const char* key, int64_t otherwise) {
  const json* value = At(object, key);
  return value != nullptr && value->is_number_integer() ? value->get<int64_t>() : otherwise;
}
bool FlagAt(const json& object, const char* key, bool otherwise) {
  const json* value = At(object, key);
  return value != nullptr && value->is_boolean() ? value->get<bool>() : otherwise;
}
json ListAt(const json& object, const char* key) {
  const json* value = At(object, key);
  return value != nullptr && value->is_array() ? *value : json::array();
}

class Checker {
 public:
  Checker(const VenueToCheck& venue, const Fetch& fetch, const Knock& knock,
          const base::Clock& clock)
      : venue_(venue), fetch_(fetch), knock_(knock), clock_(clock) {}

  std::vector<CheckRow> Run() {
    if (!Reach()) {
      for (const char* name : {"clock", "rate limits", "instruments", "trading modes",
                               "order socket", "key", "key rights", "ip restriction"})
        Add(name, Verdict::kSkipped, "the venue was not reached");
      return std::move(rows_);
    }
    Clock();
    Rules();
    OrderSocket();
    Key();
    return std::move(rows_);
  }

 private:
  void Add(std::string name, Verdict verdict, std::string detail, std::string remedy = "") {
    rows_.push_back({std::move(name), verdict, std::move(detail), std::move(remedy)});
  }
  void Skip(std::initializer_list<const char*> names, const std::string& why) {
    for (const char* name : names) Add(name, Verdict::kSkipped, why);
  }

  std::string Path(const char* path) const {
    return std::string(venue::binance::RestPrefix(venue_.product)) + path;
  }
  net::HttpResult Get(const std::string& target, bool with_key = false) {
    net::HttpRequest request{.method = "GET", .target = target, .headers = {}, .body = ""};
    if (with_key) request.headers.emplace_back("X-MBX-APIKEY", venue_.key);
    return fetch_(std::move(request));
  }
  net::HttpResult GetSigned(const std::string& path) {
    const std::string query = absl::StrCat("timestamp=", base::UnixMillis(clock_.Now() + offset_),
                                           "&recvWindow=", kReceiveWindowMs);
    const base::HmacSha256Key key(venue_.secret);
    return Get(absl::StrCat(path, "?", query, "&signature=", base::Hex(key.Sign(query))), true);
  }
  // The answer's JSON; nothing when it is an error, whose text goes to `problem`.
  static std::optional<json> Read(const net::HttpResult& result, std::string& problem) {
    if (!result.status.ok()) {
      problem = std::string(result.status.message());
      return std::nullopt;
    }
    json body = json::parse(result.response.body, nullptr, /*allow_exceptions=*/false);
    if (result.response.status == 200 && !body.is_discarded()) return body;
    problem = absl::StrCat("HTTP ", result.response.status);
    if (const std::string said = TextAt(body, "msg"); !said.empty())
      absl::StrAppend(&problem, ": ", said);
    return std::nullopt;
  }
  static int CodeOf(const net::HttpResult& result) {
    return static_cast<int>(
        IntegerAt(json::parse(result.response.body, nullptr, false), "code", 0));
  }

  bool Reach() {
    const base::Duration before = clock_.Monotonic();
    std::string problem;
    const auto answer = Read(Get(Path("/ping")), problem);
    if (!answer) {
      Add("reached", Verdict::kFailed, absl::StrCat(venue_.rest_url, ": ", problem),
          "check rest_url, the network and the proxy; a ban (418) or a limit (429) ends by itself");
      return false;
    }
    Add("reached", Verdict::kOk,
        absl::StrCat(venue_.rest_url, " in ",
                     base::FormatDuration(std::chrono::floor<std::chrono::milliseconds>(
                         clock_.Monotonic() - before))));
    return true;
  }

  // Of the quickest of some samples, in the middle of its way.
  void Clock() {
    std::optional<base::Duration> best;
    std::string problem;
    for (int i = 0; i < kClockSamples; ++i) {
      const base::Duration before = clock_.Monotonic();
      const auto answer = Read(Get(Path("/time")), problem);
      const base::Duration way = clock_.Monotonic() - before;
      const int64_t time = answer ? IntegerAt(*answer, "serverTime", 0) : 0;
      if (time <= 0) continue;
      if (best && way >= *best) continue;
      best = way;
      offset_ = base::FromUnixMillis(time) - (clock_.Now() - way / 2);
    }
    if (!best) {
      return Add("clock", Verdict::kFailed,
                 absl::StrCat("the venue does not tell its time: ", problem), "try again");
    }
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(offset_);
    const base::Duration distance = offset_ < base::Duration(0) ? -offset_ : offset_;
    const std::string detail = absl::StrCat(
        "this computer is ", std::abs(ms.count()), " ms ", ms.count() > 0 ? "behind" : "ahead",
        ", give or take ", std::chrono::ceil<std::chrono::milliseconds>(*best / 2).count(), " ms");
    constexpr char kRemedy[] =
        "let the system keep time (timedatectl set-ntp true, or chrony); the venue refuses orders "
        "whose time is off";
    Add("clock",
        distance > kClockAheadLimit ? Verdict::kFailed
        : distance > kClockWarning  ? Verdict::kWarning
                                    : Verdict::kOk,
        detail, distance > kClockWarning ? kRemedy : "");
  }

  void Rules() {
    std::string problem;
    const net::HttpResult result =
        Get(venue::binance::ExchangeInfoPath(venue_.product, venue_.symbols));
    const auto answer = Read(result, problem);
    if (!answer) {
      Add("instruments", Verdict::kFailed, problem,
          "correct the instruments of the configuration: the venue knows one of them not");
      return Skip({"rate limits", "trading modes"}, "the venue does not tell its rules");
    }
    RateLimits(*answer);
    Instruments(result.response.body);
    Modes(*answer);
  }

  void RateLimits(const json& info) {
    std::vector<std::string> above, stated;
    for (const json& row : ListAt(info, "rateLimits")) {
      const std::string type = TextAt(row, "rateLimitType"), interval = TextAt(row, "interval");
      const int64_t limit = IntegerAt(row, "limit", 0);
      const int64_t count = IntegerAt(row, "intervalNum", 1);
      const auto hold = [&](const char* key, int64_t ours) {
        stated.push_back(absl::StrCat(key, " ", limit));
        if (ours > limit) above.push_back(absl::StrCat(key, " ", ours, " above ", limit));
      };
      if (type == "REQUEST_WEIGHT" && interval == "MINUTE" && count == 1)
        hold("weight_per_minute", venue_.rate.weight_per_minute);
      if (type == "ORDERS" && interval == "SECOND" && count == 10)
        hold("orders_per_10s", venue_.rate.orders_per_10s);
      if (type == "ORDERS" && interval == "DAY" && count == 1)
        hold("orders_per_day", venue_.rate.orders_per_day);
    }
    if (!venue_.trades || above.empty())
      return Add("rate limits", Verdict::kOk, absl::StrJoin(stated, ", "));
    Add("rate limits", Verdict::kFailed, absl::StrJoin(above, ", "),
        "lower execution.rate to what the venue allows");
  }

  void Instruments(const std::string& body) {
    venue::binance::MarketDecoder decoder;
    const auto info = decoder.DecodeExchangeInfo(body, venue_.product, venue_.name);
    if (!info.ok()) {
      return Add("instruments", Verdict::kFailed, std::string(info.status().message()),
                 "report it: the venue's rules are not as documented");
    }
    std::set<std::string> missing(venue_.symbols.begin(), venue_.symbols.end());
    std::vector<std::string> halted, loose;
    for (const market::Instrument& instrument : info->instruments) {
      const std::string symbol(market::SymbolOf(instrument.id));
      missing.erase(symbol);
      if (std::find(venue_.symbols.begin(), venue_.symbols.end(), symbol) == venue_.symbols.end())
        continue;
      if (instrument.status != market::InstrumentStatus::kTrading) halted.push_back(symbol);
      if (instrument.tick.mantissa == 0 || instrument.lot.mantissa == 0) loose.push_back(symbol);
    }
    if (!missing.empty()) {
      std::string detail = absl::StrCat("not there: ", absl::StrJoin(missing, ", "));
      for (const std::string& why : info->rejected) absl::StrAppend(&detail, "; ", why);
      return Add("instruments", Verdict::kFailed, detail,
                 "correct the instruments of the configuration");
    }
    if (!loose.empty()) {
      return Add("instruments", Verdict::kFailed,
                 absl::StrCat("no price or quantity step: ", absl::StrJoin(loose, ", ")),
                 "leave them out: orders there are refused");
    }
    if (!halted.empty()) {
      return Add("instruments", Verdict::kWarning,
                 absl::StrCat("not trading now: ", absl::StrJoin(halted, ", ")),
                 "wait, or leave them out");
    }
    Add("instruments", Verdict::kOk,
        absl::StrCat(venue_.symbols.size(),
                     " with price and quantity steps and smallest notional"));
  }

  void Modes(const json& info) {
    if (venue_.product != Product::kSpot || !venue_.trades)
      return Skip({"trading modes"}, "no orders are sent there");
    std::vector<std::string> lacking;
    for (const json& symbol : ListAt(info, "symbols")) {
      const auto has = [&symbol](const char* list, const std::string& value) {
        const json values = ListAt(symbol, list);
        return std::find(values.begin(), values.end(), json(value)) != values.end();
      };
      const std::string name = TextAt(symbol, "symbol", "?");
      for (const char* type : {"LIMIT", "LIMIT_MAKER", "MARKET"}) {
        if (!has("orderTypes", type)) lacking.push_back(absl::StrCat(name, " takes no ", type));
      }
      if (!FlagAt(symbol, "isSpotTradingAllowed", true))
        lacking.push_back(absl::StrCat(name, " has no spot trading"));
      const std::string& wanted = venue_.self_trade_prevention;
      if (!wanted.empty() && !has("allowedSelfTradePreventionModes", wanted))
        lacking.push_back(absl::StrCat(name, " does not know self_trade_prevention ", wanted));
    }
    if (lacking.empty())
      return Add("trading modes", Verdict::kOk,
                 "limit, post-only and market orders; self-trade prevention as configured");
    Add("trading modes", Verdict::kFailed, absl::StrJoin(lacking, "; "),
        "leave these instruments out, or change execution.binance.self_trade_prevention");
  }

  void OrderSocket() {
    if (!venue_.trades) return Skip({"order socket"}, "no orders are sent there");
    if (venue_.order_url.empty())
      return Add("order socket", Verdict::kOk, "none is wanted (order_entry: rest)");
    const absl::Status opened = knock_(venue_.order_url);
    if (opened.ok()) return Add("order socket", Verdict::kOk, venue_.order_url + " opens");
    Add("order socket", Verdict::kWarning,
        absl::StrCat(venue_.order_url, ": ", std::string(opened.message()),
                     "; orders go by REST as long as it does not open"),
        "check order_url, the network and the proxy, or set order_entry: rest");
  }

  void Key() {
    if (!venue_.trades) {
      return Skip({"key", "key rights", "ip restriction"},
                  "market data only: execution sends no orders there");
    }
    if (!venue_.key_problem.empty()) {
      Add("key", Verdict::kFailed, venue_.key_problem,
          "put the key and the secret into files that only their owner can read (chmod 600)");
      return Skip({"key rights", "ip restriction"}, "there is no key");
    }
    std::string problem;
    const net::HttpResult result = GetSigned("/api/v3/account");
    const auto account = Read(result, problem);
    if (!account) {
      Add("key", Verdict::kFailed, problem, KeyRemedy(CodeOf(result)));
      return Skip({"key rights", "ip restriction"}, "the key does not open the account");
    }
    if (!FlagAt(*account, "canTrade", false)) {
      Add("key", Verdict::kFailed, "the account may not trade",
          "see the venue's web page: the account is restricted");
    } else {
      Add("key", Verdict::kOk,
          absl::StrCat("opens the account, type ", TextAt(*account, "accountType", "?")));
    }
    Rights();
  }

  static const char* KeyRemedy(int code) {
    switch (code) {
      case -1021:
        return "the clocks are apart: see clock";
      case -1022:
        return "the secret does not belong to the key: make a new pair, and store both";
      case -2014:
        return "that is no key of this venue: store the key itself, without quotes or blanks";
      case -2015:
        return "the key is unknown there, lacks the right to read, or is not for this computer's "
               "address; a key of the test net is not one of the main net";
      default:
        return "see the venue's answer";
    }
  }

  void Rights() {
    std::string problem;
    const auto rights = Read(GetSigned("/sapi/v1/account/apiRestrictions"), problem);
    if (!rights || At(*rights, "enableWithdrawals") == nullptr) {
      const std::string why = absl::StrCat("the venue does not tell the rights of a key: ",
                                           problem.empty() ? "no enableWithdrawals" : problem);
      constexpr char kRemedy[] =
          "look them up on the venue's web page: no withdrawals, addresses restricted";
      Add("key rights", Verdict::kWarning, why, kRemedy);
      return Add("ip restriction", Verdict::kWarning, why, kRemedy);
    }
    const auto may = [&](const char* right) { return FlagAt(*rights, right, false); };
    std::vector<std::string> too_many;
    for (const char* right : {"enableWithdrawals", "enableInternalTransfer",
                              "permitsUniversalTransfer", "enableMargin", "enableFutures"}) {
      if (may(right)) too_many.push_back(right);
    }
    if (may("enableWithdrawals")) {
      Add("key rights", Verdict::kFailed,
          absl::StrCat("the key may withdraw (", absl::StrJoin(too_many, ", "), ")"),
          "take the right to withdraw from the key, or make another; execution refuses it");
    } else if (!may("enableSpotAndMarginTrading")) {
      Add("key rights", Verdict::kFailed, "the key may not trade",
          "give the key the right to trade on spot");
    } else if (!too_many.empty()) {
      Add("key rights", Verdict::kWarning,
          absl::StrCat("more than is needed: ", absl::StrJoin(too_many, ", ")),
          "take these rights from the key");
    } else {
      Add("key rights", Verdict::kOk, "reads and trades on spot, no withdrawals, no transfers");
    }
    const auto url = net::Url::Parse(venue_.rest_url);
    const bool here =
        url.ok() && (url->host == "127.0.0.1" || url->host == "::1" || url->host == "localhost");
    if (may("ipRestrict"))
      return Add("ip restriction", Verdict::kOk, "the key is for certain addresses only");
    Add("ip restriction", here ? Verdict::kWarning : Verdict::kFailed,
        "the key works from every address",
        "restrict the key to the addresses of this computer on the venue's web page");
  }

  const VenueToCheck& venue_;
  const Fetch& fetch_;
  const Knock& knock_;
  const base::Clock& clock_;
  base::Duration offset_{0};  // of the venue's clock from ours
  std::vector<CheckRow> rows_;
};

}  // namespace

const char* Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarning:
      return "warning";
    case Verdict::kFailed:
      return "failed";
    case Verdict::kSkipped:
      return "skipped";
  }
  return "?";
}

std::vector<CheckRow> CheckVenue(const VenueToCheck& venue, const Fetch& fetch, const Knock& knock,
                                 const base::Clock& clock) {
  return Checker(venue, fetch, knock, clock).Run();
}

}  // namespace gannet::app
