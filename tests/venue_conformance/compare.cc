#include "tests/venue_conformance/compare.h"

#include <algorithm>

#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/venue/binance/transport.h"
#include "libs/venue/bybit/transport.h"
#include "tests/venue_conformance/unified.h"

namespace gannet::venue::conformance {
namespace {

using base::Concat;

const std::set<std::string> kAside = {"timestamp", "recvWindow", "signature", "newOrderRespType"};
constexpr std::string_view kGeneratedIds = "x-";  // client ids that the client made up

struct Request {
  std::string method, path, query, body;
  std::map<std::string, std::string> parameters;
};

std::string Decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](size_t at) {
      const char c = text[at];
      return c >= '0' && c <= '9'   ? c - '0'
             : c >= 'A' && c <= 'F' ? c - 'A' + 10
             : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                    : -1;
    };
    if (text[i] == '%' && i + 2 < text.size() && digit(i + 1) >= 0 && digit(i + 2) >= 0) {
      out += static_cast<char>(digit(i + 1) * 16 + digit(i + 2));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Objects without what stays aside; in a form `true` and "true" are the same.
json Normal(const json& value, bool form) {
  if (value.is_array()) {
    json out = json::array();
    for (const json& member : value) out.push_back(Normal(member, form));
    return out;
  }
  if (value.is_object()) {
    json out = json::object();
    for (const auto& [name, member] : value.items()) {
      const bool generated =
          member.is_string() && member.get<std::string>().starts_with(kGeneratedIds);
      if (!kAside.contains(name) && !generated) out[name] = Normal(member, form);
    }
    return out;
  }
  if (form && (value.is_boolean() || value.is_number())) return value.dump();
  return value;
}

void AddForm(std::string_view form, std::map<std::string, std::string>& out) {
  while (!form.empty()) {
    const std::string_view pair = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(form.size(), pair.size() + 1));
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = Decode(pair.substr(0, equals));
    std::string value = Decode(pair.substr(std::min(equals + 1, pair.size())));
    if (value.starts_with('[') || value.starts_with('{')) {
      const json parsed = json::parse(value, nullptr, false);
      if (!parsed.is_discarded()) value = Normal(parsed, true).dump();
    }
    if (!kAside.contains(name)) out[name] = value;
  }
}

Request Make(std::string method, std::string_view target, std::string body) {
  Request request;
  request.method = std::move(method);
  const size_t question = std::min(target.find('?'), target.size());
  request.path = std::string(target.substr(0, question));
  request.query = std::string(target.substr(std::min(question + 1, target.size())));
  request.body = std::move(body);
  AddForm(request.query, request.parameters);
  const json parsed = json::parse(request.body, nullptr, false);
  if (parsed.is_object()) {
    const json normal = Normal(parsed, false);
    for (const auto& [name, value] : normal.items()) request.parameters[name] = value.dump();
  } else {
    AddForm(request.body, request.parameters);
  }
  return request;
}

std::string_view WithoutHost(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return url;
  const size_t slash = url.find('/', scheme + 3);
  return slash == std::string_view::npos ? "/" : url.substr(slash);
}

std::string TextOf(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string HeaderOf(const json& request, std::string_view name) {
  const auto headers = request.find("headers");
  if (headers == request.end() || !headers->is_object()) return "";
  for (const auto& [key, value] : headers->items()) {
    if (key == name && value.is_string()) return value.get<std::string>();
  }
  return "";
}

// What stands before "&signature=" or, for want of it, everything.
std::string_view Unsigned(std::string_view text) {
  return text.substr(0, std::min(text.find("&signature="), text.size()));
}
std::string SignatureIn(std::string_view text) {
  const size_t at = text.find("signature=");
  if (at == std::string_view::npos) return "";
  return std::string(text.substr(at + 10, text.find('&', at) - at - 10));
}

base::Time TimeOf(const json& request, const std::string& form) {
  std::string text = HeaderOf(request, bybit::kTimestampHeader);
  if (const size_t at = form.find("timestamp="); text.empty() && at != std::string::npos)
    text = form.substr(at + 10, form.find('&', at) - at - 10);
  constexpr size_t kDigits = 13;  // milliseconds of this era
  if (text.size() != kDigits || text.find_first_not_of("0123456789") != std::string::npos)
    return base::FromUnixMillis(1'700'000'000'000);  // of no account: nothing is signed
  return base::FromUnixMillis(std::stoll(text));
}

std::string Sign(const Credentials& credentials, std::string_view text) {
  return base::Hex(base::HmacSha256(credentials.secret, text));
}

struct Mismatch {
  std::string name;
  std::optional<std::string> theirs, ours;
};

std::vector<Mismatch> Mismatches(const Request& theirs, const Request& ours) {
  std::vector<Mismatch> out;
  const auto value = [](const Request& request, const std::string& name) {
    const auto found = request.parameters.find(name);
    return found == request.parameters.end() ? std::optional<std::string>()
                                             : std::optional(found->second);
  };
  std::set<std::string> names;
  for (const auto& [name, text] : theirs.parameters) names.insert(name);
  for (const auto& [name, text] : ours.parameters) names.insert(name);
  for (const std::string& name : names) {
    Mismatch mismatch{name, value(theirs, name), value(ours, name)};
    if (mismatch.theirs && mismatch.theirs->starts_with(kGeneratedIds)) continue;
    if (mismatch.theirs != mismatch.ours) out.push_back(std::move(mismatch));
  }
  return out;
}

std::string Words(const Mismatch& mismatch) {
  return Concat({mismatch.name, ": theirs ", mismatch.theirs.value_or("(none)"), ", ours ",
                 mismatch.ours.value_or("(none)")});
}

// Takes the mismatches that the table explains out of `mismatches`.
std::vector<std::string> Explain(const Row& row, const Request& request,
                                 std::vector<Mismatch>& mismatches) {
  std::vector<std::string> words;
  const auto find = [&](std::string_view name, bool theirs, bool ours) {
    return std::find_if(mismatches.begin(), mismatches.end(), [&](const Mismatch& mismatch) {
      return mismatch.name == name && mismatch.theirs.has_value() == theirs &&
             mismatch.ours.has_value() == ours;
    });
  };
  for (const Deliberate& entry : DeliberateDifferences()) {
    if (row.venue != entry.venue || !std::string_view(request.path).starts_with(entry.path))
      continue;
    const auto condition = request.parameters.find(std::string(entry.when));
    if (!entry.when.empty() && (condition == request.parameters.end() ||
                                (!entry.is.empty() && condition->second != entry.is))) {
      continue;
    }
    const bool same_name = entry.theirs == entry.ours;
    const auto theirs = find(entry.theirs, true, same_name);
    const auto ours = find(entry.ours, same_name, true);
    if ((!entry.theirs.empty() && theirs == mismatches.end()) ||
        (!entry.ours.empty() && ours == mismatches.end())) {
      continue;
    }
    if (!entry.theirs.empty() && !entry.ours.empty() && entry.same_value &&
        theirs->theirs != ours->ours) {
      continue;
    }
    std::string text;
    std::vector<std::string> gone;
    for (const auto& found : {theirs, ours}) {
      if (found == mismatches.end() || (same_name && !text.empty())) continue;
      text += Words(*found) + "; ";
      gone.push_back(found->name);
    }
    words.push_back(Concat({text, "deliberate: ", entry.reason}));
    std::erase_if(mismatches, [&](const Mismatch& mismatch) {
      return std::find(gone.begin(), gone.end(), mismatch.name) != gone.end();
    });
  }
  return words;
}

}  // namespace

const std::vector<Deliberate>& DeliberateDifferences() {
  static const std::vector<Deliberate> kTable = {
      {"binance", "/fapi/v1/algoOrder", "activationPrice", "activatePrice", true,
       "the venue's documentation and its answers call it activatePrice"},
      {"binance", "/fapi/v1/batchOrders", "orderidlist", "orderIdList", true,
       "the venue documents it as orderIdList"},
      {"binance", "/fapi/v1/batchOrders", "origclientorderidlist", "origClientOrderIdList", true,
       "the venue documents it as origClientOrderIdList"},
      {"binance", "/fapi/v1/algoOrder", "symbol", "", true,
       "an algo order is named by its id alone", "algoId", ""},
      {"binance", "/fapi/v1/algoOrder", "symbol", "", true,
       "an algo order is named by its id alone", "clientAlgoId", ""},
      {"binance", "/fapi/v1/marginType", "leverage", "", true,
       "the caller's option, passed on; the venue sets leverage by a call of its own"},
      {"binance", "/api/v3/order", "acknowledged", "", true,
       "the client's own option, passed on; the venue knows no such parameter"},
      {"binance", "/fapi/v1/order", "acknowledged", "", true,
       "the client's own option, passed on; the venue knows no such parameter"},
      {"binance", "/fapi/v1/order", "postOnly", "", true,
       "the client's own option, passed on; the venue knows no such parameter"},
      {"binance", "/fapi/v1/order", "stopLossOrTakeProfit", "", true,
       "the client's own option, passed on; the venue knows no such parameter"},
      {"binance", "/fapi/v1/algoOrder", "stopLossOrTakeProfit", "", true,
       "the client's own option, passed on; the venue knows no such parameter"},
      {"binance", "/fapi/v1/algoOrder", "triggerDirection", "", true,
       "the client's own option, passed on; the venue knows no such parameter"},
      {"binance", "/api/v3/order", "triggerDirection", "", true,
       "the client's own option, passed on; the venue knows no such parameter"},
      {"binance", "/api/v3/order", "timeInForce", "", true,
       "the venue refuses one on market orders (-1106)", "type", "MARKET"},
      {"binance", "/fapi/v1/order", "timeInForce", "", true,
       "the venue refuses one on market orders (-1106)", "type", "MARKET"},
      {"bybit", "/v5/order/create", "selfTradePrevention", "smpType", false,
       "the caller's option, passed on; the venue documents smpType"},
      {"bybit", "/v5/order/create", "quoteOrderQty", "", true,
       "another venue's parameter, passed on; the amount is in qty"},
      {"bybit", "/v5/order/create", "triggerDirection", "", true,
       "documented for contracts only; the client sends it on spot", "category", "\"spot\""},
      {"bybit", "/v5/order/create", "reduceOnly", "", true,
       "documented for contracts only; the client sends it on spot", "category", "\"spot\""},
      {"bybit", "/v5/order/create", "tpslMode", "", true,
       "documented for contracts only; the client sends it on spot", "category", "\"spot\""},
      {"bybit", "/v5/order/create", "timeInForce", "", true,
       "a market order is always immediate-or-cancel and states none", "orderType", "\"Market\""},
      {"bybit", "/v5/order/create", "positionSide", "positionIdx", false,
       "the caller's option, passed on; the venue documents positionIdx"},
      {"bybit", "/v5/order/create", "positionSide", "", true,
       "the caller's option, passed on; there is none on spot", "category", "\"spot\""},
      {"bybit", "/v5/order/amend", "postOnly", "", true,
       "the client's own option, passed on; the venue knows no such parameter"},
      {"bybit", "/v5/order/cancel", "clientOrderId", "orderLinkId", true,
       "the caller's option, passed on; the venue documents orderLinkId"},
      {"bybit", "/v5/order/cancel", "trigger", "", true,
       "the client's own option, passed on; the venue knows no such parameter"},
      {"bybit", "/v5/order/cancel", "stop", "", true,
       "the client's own option, passed on; the venue knows no such parameter"},
      {"bybit", "/v5/account/set-margin-mode", "leverage", "", true,
       "the caller's option, passed on; the venue sets leverage by a call of its own"},
      {"bybit", "/v5/position/trading-stop", "", "tpslMode", true, "documented as required"},
      {"bybit", "/v5/position/trading-stop", "", "positionIdx", true, "documented as required"},
      {"bybit", "/v5/execution/list", "size", "limit", true, "the venue documents limit"},
      {"bybit", "/v5/market/funding/history", "endTime", "endTime", false,
       "the client takes the window from a funding interval that its file of markets leaves out"},
  };
  return kTable;
}

Comparison Compare(const Row& row, const Markets& markets, const Credentials& credentials) {
  Comparison result;
  if (row.request.is_null()) {
    result.reason = "the recording has no request";
    return result;
  }
  const bool is_bybit = row.venue == "bybit";
  if (!is_bybit && row.venue != "binance") {
    result.reason = "venue " + row.venue;
    return result;
  }
  const std::string url = TextOf(row.request, "url");
  const Request theirs =
      Make(TextOf(row.request, "method"), WithoutHost(url), TextOf(row.request, "body"));
  const std::string form = theirs.query + "&" + theirs.body;
  const Context context{markets, TimeOf(row.request, form)};
  const absl::StatusOr<Call> call = is_bybit ? BybitCall(context, row) : BinanceCall(context, row);
  if (!call.ok()) {
    result.reason = std::string(call.status().message());
    return result;
  }

  const Signer signer = Signer::Hmac(credentials.secret);
  const base::Duration window = std::chrono::seconds(5);
  const WireRequest wire = is_bybit
                               ? bybit::ToRest(*call, signer, credentials.key, context.now, window)
                               : binance::ToRest(*call, signer, context.now, window);
  const Request ours = Make(wire.method, wire.target, wire.body);
  std::vector<std::string>& differences = result.differences;
  if (ours.method != theirs.method)
    differences.push_back(Concat({"verb: theirs ", theirs.method, ", ours ", ours.method}));
  if (ours.path != theirs.path)
    differences.push_back(Concat({"path: theirs ", theirs.path, ", ours ", ours.path}));
  std::vector<Mismatch> mismatches = Mismatches(theirs, ours);
  const std::vector<std::string> explained = Explain(row, theirs, mismatches);
  for (const Mismatch& mismatch : mismatches) differences.push_back(Words(mismatch));

  // Signatures: ours over our own string, by the one-shot HMAC; theirs over theirs.
  const std::string header = HeaderOf(row.request, bybit::kSignatureHeader);
  const bool they_sign = !header.empty() || !SignatureIn(form).empty();
  result.signed_request = call->security == Security::kSigned;
  if (they_sign != result.signed_request)
    differences.push_back(they_sign ? "only theirs is signed" : "only ours is signed");
  if (result.signed_request) {
    std::string mine, over;
    if (is_bybit) {
      for (const auto& [name, value] : wire.headers) {
        if (name == bybit::kSignatureHeader) mine = value;
      }
      over = Concat({std::to_string(base::UnixMillis(context.now)), credentials.key, "5000",
                     wire.body.empty() ? ours.query : wire.body});
    } else {
      mine = SignatureIn(ours.query);
      over = std::string(Unsigned(ours.query));
    }
    if (mine != Sign(credentials, over))
      differences.push_back("our signature does not recompute over our own string");
    const std::string their_text =
        is_bybit ? Concat({HeaderOf(row.request, bybit::kTimestampHeader), credentials.key,
                           HeaderOf(row.request, bybit::kWindowHeader),
                           theirs.body.empty() ? theirs.query : theirs.body})
                 : std::string(Unsigned(theirs.body.empty() ? theirs.query : theirs.body));
    result.their_signature =
        Sign(credentials, their_text) == (is_bybit ? header : SignatureIn(form));
  }
  result.deliberate = differences.empty() && !explained.empty();
  differences.insert(differences.end(), explained.begin(), explained.end());
  result.verdict = differences.empty() ? Verdict::kEqual : Verdict::kDifferent;
  return result;
}

}  // namespace gannet::venue::conformance
