#include "libs/telemetry/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <map>
#include <mutex>
#include <vector>

namespace gannet::telemetry {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool IsContinuation(unsigned char c) { return (c & 0xC0) == 0x80; }

// Length of the valid UTF-8 sequence at the start of `text`; 0: not one.
// Overlong forms, surrogates and values above U+10FFFF are not valid (RFC 3629).
size_t Utf8Length(std::string_view text) {
  const auto byte = [&text](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return (byte(1) & 0xC0) == 0x80 ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80, high = first == 0xED ? 0x9F : 0xBF;
    return byte(1) >= low && byte(1) <= high && (byte(2) & 0xC0) == 0x80 ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80, high = first == 0xF4 ? 0x8F : 0xBF;
    return byte(1) >= low && byte(1) <= high && (byte(2) & 0xC0) == 0x80 && (byte(3) & 0xC0) == 0x80
               ? 4
               : 0;
  }
  return 0;
}

void AppendEscaped(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    size_t length = Utf8Length(text);
    if (length == 0) {
      out += kReplacement;
      length = 1;
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += text.front();
    } else if (c == '\n') {
      out += "\\n";
    } else if (c < 0x20) {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
}

void AppendString(std::string& out, std::string_view text) {
  std::string_view kept = text.substr(0, Log::kMaxValueBytes);
  if (kept.size() < text.size()) {
    // Not through the middle of a character.
    for (int i = 0; i < 3 && IsContinuation(static_cast<unsigned char>(text[kept.size()])); ++i)
      kept.remove_suffix(1);
  }
  out += '"';
  AppendEscaped(out, kept);
  if (kept.size() < text.size())
    out += "… (" + std::to_string(text.size() - kept.size()) + " bytes more)";
  out += '"';
}

void AppendDouble(std::string& out, double value) {
  if (!std::isfinite(value)) {  // JSON has no such number
    out += std::isnan(value) ? "\"nan\"" : value > 0 ? "\"inf\"" : "\"-inf\"";
    return;
  }
  std::array<char, 32> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), end);
}

void AppendValue(std::string& out, const Field::Value& value) {
  struct Visitor {
    std::string& out;
    void operator()(const std::string& text) const { AppendString(out, text); }
    void operator()(int64_t number) const { out += std::to_string(number); }
    void operator()(uint64_t number) const { out += std::to_string(number); }
    void operator()(double number) const { AppendDouble(out, number); }
    void operator()(bool truth) const { out += truth ? "true" : "false"; }
  };
  std::visit(Visitor{out}, value);
}

bool IsReserved(std::string_view name) {
  return name == "time" || name == "level" || name == "service" || name == "event";
}

// Everything but the time: what makes two lines identical.
std::string Body(Level level, std::string_view service, std::string_view event,
                 std::initializer_list<Field> fields) {
  std::string out = ",\"level\":\"";
  out += LevelName(level);
  out += "\",\"service\":";
  AppendString(out, service);
  out += ",\"event\":";
  AppendString(out, event);
  for (const Field& field : fields) {
    out += ",\"";
    AppendEscaped(out, field.name());
    if (IsReserved(field.name())) out += '_';  // an object has each name once
    out += "\":";
    AppendValue(out, field.value());
  }
  out += '}';
  return out;
}

std::string Line(base::Time time, std::string_view body) {
  return "{\"time\":\"" + base::FormatTime(time) + "\"" + std::string(body);
}

}  // namespace

// The level, and counts of identical warnings in windows of kWindow.
class Log::Shared {
 public:
  explicit Shared(Level level) : level_(level) {}

  Level level() const { return level_.load(std::memory_order_relaxed); }
  void SetLevel(Level level) { level_.store(level, std::memory_order_relaxed); }

  struct Report {
    std::string service, event;
    uint64_t count = 0;
  };

  // Whether this one is written. Reports of windows that are over go to `ended`.
  bool Admit(std::string_view service, std::string_view event, const std::string& body,
             base::Duration now, std::vector<Report>& ended) {
    std::lock_guard lock(mutex_);
    EndWindows(now, ended);
    auto found = entries_.find(body);
    if (found == entries_.end()) {
      if (entries_.size() >= kTrackedWarnings) EndOldest(ended);
      found = entries_.emplace(body, Entry{std::string(service), std::string(event), now, 0}).first;
    }
    if (++found->second.seen <= kBurst) return true;
    ++suppressed_;
    return false;
  }

  void EndAll(std::vector<Report>& ended) {
    std::lock_guard lock(mutex_);
    while (!entries_.empty()) EndOldest(ended);
  }

  uint64_t suppressed() const {
    std::lock_guard lock(mutex_);
    return suppressed_;
  }

 private:
  struct Entry {
    std::string service, event;
    base::Duration since;
    uint64_t seen = 0;
  };
  using Entries = std::map<std::string, Entry>;

  void End(Entries::iterator entry, std::vector<Report>& ended) {
    Entry& value = entry->second;
    if (value.seen > kBurst)
      ended.push_back({std::move(value.service), std::move(value.event), value.seen - kBurst});
    entries_.erase(entry);
  }
  void EndWindows(base::Duration now, std::vector<Report>& ended) {
    if (now < next_sweep_) return;
    next_sweep_ = now + std::chrono::seconds(1);
    for (auto it = entries_.begin(); it != entries_.end();) {
      const auto current = it++;
      if (now - current->second.since >= kWindow) End(current, ended);
    }
  }
  void EndOldest(std::vector<Report>& ended) {
    auto oldest = entries_.begin();
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->second.since < oldest->second.since) oldest = it;
    }
    End(oldest, ended);
  }

  std::atomic<Level> level_;
  mutable std::mutex mutex_;
  Entries entries_;
  base::Duration next_sweep_{0};
  uint64_t suppressed_ = 0;
};

Log::Log(std::string service, Level level, const base::Clock& clock, Sink sink)
    : service_(std::move(service)),
      clock_(&clock),
      sink_(std::move(sink)),
      shared_(std::make_shared<Shared>(level)) {}

Log Log::For(std::string service) const {
  Log other = *this;
  other.service_ = std::move(service);
  return other;
}

Level Log::level() const { return shared_->level(); }

void Log::SetLevel(Level level) { shared_->SetLevel(level); }

uint64_t Log::suppressed() const { return shared_->suppressed(); }

void Log::Flush() {
  std::vector<Shared::Report> ended;
  shared_->EndAll(ended);
  for (const Shared::Report& report : ended) {
    sink_(Line(clock_->Now(), Body(Level::kWarning, report.service, "log_repeats_suppressed",
                                   {{"of", report.event}, {"count", report.count}})));
  }
}

void Log::Write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (level < shared_->level()) return;
  const std::string body = Body(level, service_, event, fields);
  if (level >= Level::kWarning) {
    std::vector<Shared::Report> ended;
    const bool admitted = shared_->Admit(service_, event, body, clock_->Monotonic(), ended);
    for (const Shared::Report& report : ended) {
      sink_(Line(clock_->Now(), Body(Level::kWarning, report.service, "log_repeats_suppressed",
                                     {{"of", report.event}, {"count", report.count}})));
    }
    if (!admitted) return;
  }
  sink_(Line(clock_->Now(), body));
}

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "error";
}

Log::Sink StderrSink() {
  return [](std::string_view line) {
    std::string text(line);
    text += '\n';
    std::string_view rest = text;
    while (!rest.empty()) {
      const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
      if (written > 0) {
        rest.remove_prefix(static_cast<size_t>(written));
      } else if (written < 0 && errno != EINTR) {
        return;  // nobody reads; there is nowhere left to say so
      }
    }
  };
}

}  // namespace gannet::telemetry
