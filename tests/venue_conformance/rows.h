// Recorded requests of an independent client (ccxt): the file, the markets beside
// it, and the arguments of its unified calls.
//
// A row is {"venue", "case", "ccxtMethod", "args", "requests"}; requests[0] is
// {"method", "url", "headers", "body"}. Markets are
// {"BTC/USDT": {"id", "type", "precision": {"amount", "price"}, …}, …}.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/venue/order_call.h"

namespace gannet::venue::conformance {

using nlohmann::json;

struct Row {
  size_t line = 0;
  std::string venue, name, method;
  json args, request;  // request: null when none was made
};

struct Market {
  std::string id;
  bool spot = true;
  Decimal amount_step, price_step;  // 0: not stated
};
using Markets = std::map<std::string, Market>;  // by unified symbol

absl::StatusOr<std::vector<Row>> ReadRows(const std::string& path);
absl::StatusOr<Markets> ReadMarkets(const std::string& path);

// The digits of a JSON number or of a text that holds one, as the client's own
// language prints it. Nothing for anything else.
std::optional<std::string> NumberText(const json& value);

// The arguments of one call. Options are taken by name; what nobody took has no
// meaning to us, and the call cannot be compared (Rest).
class Arguments {
 public:
  explicit Arguments(const json& args);

  size_t size() const { return args_.size(); }
  const json& at(size_t index) const;  // null beyond the end, and for the options
  std::string Text(size_t index) const;
  std::optional<Decimal> Number(size_t index) const;
  std::optional<base::Time> Time(size_t index) const;  // of milliseconds
  int Count(size_t index) const;                       // 0: not stated
  std::vector<std::string> List(size_t index) const;   // a text is a list of one

  // By the first of the names that is there; all of them count as taken.
  const json& Take(std::initializer_list<const char*> names);
  std::string TakeText(std::initializer_list<const char*> names);
  std::optional<Decimal> TakeNumber(std::initializer_list<const char*> names);
  std::optional<base::Time> TakeTime(std::initializer_list<const char*> names);
  bool TakeFlag(std::initializer_list<const char*> names);
  bool Has(const char* name) const { return options_.contains(name); }

  // UNIMPLEMENTED naming an option that was not taken.
  absl::Status Rest() const;

 private:
  json args_ = json::array(), options_ = json::object();
  std::set<std::string> taken_;
};

}  // namespace gannet::venue::conformance
