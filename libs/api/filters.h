// What the calls of several areas have in common. Pure.
#pragma once

#include <algorithm>
#include <string>

#include "gannet/common/v1/amount.pb.h"
#include "gannet/common/v1/header.pb.h"
#include "gannet/common/v1/stream.pb.h"
#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/header.h"

namespace gannet::api {

// An empty list does not filter.
template <class List, class Value>
bool Wanted(const List& list, const Value& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}
inline bool Within(const common::v1::TimeRange& range, base::Time time) {
  const int64_t at = base::UnixNanos(time);
  return (range.start_ns() == 0 || at >= range.start_ns()) &&
         (range.end_ns() == 0 || at < range.end_ns());
}
inline market::EventId IdOf(const common::v1::EventId& id) { return {id.stream(), id.sequence()}; }

}  // namespace gannet::api
