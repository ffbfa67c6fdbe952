// Parameters of a request, whichever way they came: query string, form body or
// the JSON of a WebSocket API call. Reading one of the wrong form gives the error
// that the venue documents for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/venue-sim/orders.h"

namespace gannet::venue_sim {

class Params {
 public:
  void Add(std::string name, std::string value) {
    all_.emplace_back(std::move(name), std::move(value));
  }
  // "a=1&b=%20": decoded and added; false on a broken escape.
  bool AddForm(std::string_view form);

  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  // Empty when absent.
  std::string_view Get(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }
  bool has_duplicates() const;

 private:
  const std::string* Find(std::string_view name) const;
  std::vector<std::pair<std::string, std::string>> all_;
};

// Reads parameters and keeps the first error; later reads give nothing.
class ParamReader {
 public:
  explicit ParamReader(const Params& params) : params_(params) {}

  // -1102 when absent or empty; -1100 or -1111 when malformed.
  std::string_view Text(std::string_view name);
  std::string_view TextOr(std::string_view name, std::string_view otherwise);
  int64_t Decimal(std::string_view name);  // > 0 form, at scale 8
  int64_t DecimalOr(std::string_view name, int64_t otherwise);
  std::optional<int64_t> Integer(std::string_view name);  // absent: nothing
  int64_t IntegerOr(std::string_view name, int64_t otherwise);
  bool BoolOr(std::string_view name, bool otherwise);
  SymbolIndex Symbol(std::string_view name = "symbol");  // -1121
  std::string ClientOrderId(
      std::string_view name);  // optional; checked against the venue's pattern
  void Refuse(int code, std::string message);
  void RefuseMissing(std::string_view name);
  void RefuseUnneeded(std::string_view name);  // -1106 when it was sent

  bool ok() const { return !error_; }
  const ApiError& error() const { return *error_; }

 private:
  const Params& params_;
  std::optional<ApiError> error_;
};

// A form or query without its `signature` parameter, as it is signed.
std::string WithoutSignature(std::string_view form);

}  // namespace gannet::venue_sim
