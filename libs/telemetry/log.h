// Structured logs: one event name and typed fields a line, JSON to a sink. One
// call form:
//
//   log.Info("order_sent", {{"client_order_id", id}, {"latency_ns", 1200}});
//
// Engines do not log; edges do. Values are escaped; secrets are never passed.
//
// A line is {"time","level","service","event", then the fields in the order
// given}. Warnings and errors that repeat word for word are written kBurst times
// a window, then only counted; the count follows as "log_repeats_suppressed" once
// the window is over. Safe from any thread when the sink is.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "libs/base/clock.h"

namespace gannet::telemetry {

enum class Level : uint8_t { kDebug = 0, kInfo = 1, kWarning = 2, kError = 3 };

class Field {
 public:
  using Value = std::variant<std::string, int64_t, uint64_t, double, bool>;
  Field(std::string_view name, std::string_view value) : name_(name), value_(std::string(value)) {}
  Field(std::string_view name, const char* value) : Field(name, std::string_view(value)) {}
  Field(std::string_view name, const std::string& value) : Field(name, std::string_view(value)) {}
  Field(std::string_view name, bool value) : name_(name), value_(value) {}
  Field(std::string_view name, double value) : name_(name), value_(value) {}
  template <class Integer>
    requires std::is_integral_v<Integer>
  Field(std::string_view name, Integer value)
      : name_(name),
        value_(
            static_cast<std::conditional_t<std::is_signed_v<Integer>, int64_t, uint64_t>>(value)) {}
  std::string_view name() const { return name_; }
  const Value& value() const { return value_; }

 private:
  std::string_view name_;
  Value value_;
};

class Log {
 public:
  using Sink = std::function<void(std::string_view line)>;  // one JSON object, no newline

  static constexpr uint64_t kBurst = 5;  // identical warnings written in one window
  static constexpr base::Duration kWindow = std::chrono::seconds(10);
  static constexpr size_t kTrackedWarnings =
      256;  // distinct ones; beyond it the oldest are forgotten, counts written
  static constexpr size_t kMaxValueBytes =
      8u << 10;  // of one text value; the rest is cut and its size said

  // `service` is put on every line. Lines below the level are dropped; it may change at
  // any time, from any thread, for all logs made of this one.
  Log(std::string service, Level level, const base::Clock& clock, Sink sink);

  void Debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    Write(Level::kDebug, event, fields);
  }
  void Info(std::string_view event, std::initializer_list<Field> fields = {}) {
    Write(Level::kInfo, event, fields);
  }
  void Warning(std::string_view event, std::initializer_list<Field> fields = {}) {
    Write(Level::kWarning, event, fields);
  }
  void Error(std::string_view event, std::initializer_list<Field> fields = {}) {
    Write(Level::kError, event, fields);
  }
  // A log whose lines carry another service's name and share the sink and the
  // count of repeats.
  Log For(std::string service) const;
  Level level() const;
  void SetLevel(Level level);

  // Writes the counts of repeats still held back. Last thing before exit.
  void Flush();
  // Lines not written because they repeated, since the start.
  uint64_t suppressed() const;

 private:
  class Shared;
  void Write(Level level, std::string_view event, std::initializer_list<Field> fields);

  std::string service_;
  const base::Clock* clock_;
  Sink sink_;
  std::shared_ptr<Shared> shared_;  // by all logs made with For: level, repeats
};

// Writes each line to standard error in one call; from any thread.
Log::Sink StderrSink();

// "debug", "info", "warning", "error".
std::string_view LevelName(Level level);

}  // namespace gannet::telemetry
