// Structured logs: one event name and typed fields a line, JSON to a sink. One
// call form:
//
//   log.Info("order_sent", {{"client_order_id", id}, {"latency_ns", 1200}});
//
// Engines do not log; edges do. Values are escaped; secrets are never passed.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "libs/base/clock.h"

namespace gannet::telemetry {

enum class Level : uint8_t { kDebug = 0, kInfo = 1, kWarning = 2, kError = 3 };

class Field {
 public:
  using Value = std::variant<std::string, int64_t, double, bool>;
  Field(std::string_view name, std::string_view value) : name_(name), value_(std::string(value)) {}
  Field(std::string_view name, const char* value) : Field(name, std::string_view(value)) {}
  Field(std::string_view name, const std::string& value) : Field(name, std::string_view(value)) {}
  Field(std::string_view name, bool value) : name_(name), value_(value) {}
  Field(std::string_view name, double value) : name_(name), value_(value) {}
  template <class Integer>
    requires std::is_integral_v<Integer>
  Field(std::string_view name, Integer value) : name_(name), value_(static_cast<int64_t>(value)) {}
  std::string_view name() const { return name_; }
  const Value& value() const { return value_; }

 private:
  std::string_view name_;
  Value value_;
};

class Log {
 public:
  using Sink = std::function<void(std::string_view line)>;  // one JSON object, no newline
  // `service` is put on every line. Lines below `level` are dropped.
  Log(std::string service, Level level, const base::Clock& clock, Sink sink);

  void Debug(std::string_view event, std::initializer_list<Field> fields = {}) { Write(Level::kDebug, event, fields); }
  void Info(std::string_view event, std::initializer_list<Field> fields = {}) { Write(Level::kInfo, event, fields); }
  void Warning(std::string_view event, std::initializer_list<Field> fields = {}) { Write(Level::kWarning, event, fields); }
  void Error(std::string_view event, std::initializer_list<Field> fields = {}) { Write(Level::kError, event, fields); }
  // A log whose lines carry another service's name and share the sink.
  Log For(std::string service) const;

 private:
  void Write(Level level, std::string_view event, std::initializer_list<Field> fields);
  std::string service_;
  Level level_;
  const base::Clock* clock_;
  Sink sink_;
};

}  // namespace gannet::telemetry
