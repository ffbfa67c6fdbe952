#include "libs/notify/notifier.h"

#include <algorithm>

#include "libs/base/check.h"

namespace gannet::notify {
namespace {

double Minutes(base::Duration time) {
  return std::chrono::duration<double, std::ratio<60>>(time).count();
}

}  // namespace

Notifier::Notifier(std::vector<Channel> channels, NotifierOptions options, base::Rng rng,
                   std::string run)
    : channels_(std::move(channels)),
      options_(options),
      rng_(rng),
      run_(std::move(run)),
      lines_(channels_.size()) {
  for (size_t i = 0; i < lines_.size(); ++i) lines_[i].tokens = channels_[i].per_minute;
}

bool Notifier::IsRepetition(const Message& message, base::Time now) {
  const auto found = seen_.find(message.key);
  if (found != seen_.end() && found->second.resolved == message.resolved &&
      found->second.state == message.state && now < found->second.at + options_.repetition)
    return true;
  if (found == seen_.end() && seen_.size() >= kMaxKeys) {
    std::erase_if(seen_,
                  [&](const auto& one) { return now >= one.second.at + options_.repetition; });
    if (seen_.size() >= kMaxKeys) seen_.clear();  // rather told twice than not
  }
  seen_[message.key] = {message.resolved, message.state, now};
  return false;
}

void Notifier::Enqueue(Line& line, const Message& message) {
  if (line.waiting.size() >= options_.max_waiting) {
    ++stats_.dropped;
    // The oldest of the least urgent; a newcomer that is less urgent yet is dropped itself.
    const Severity least = line.waiting.back().message.severity;
    if (message.severity < least) return;
    line.waiting.erase(
        std::find_if(line.waiting.begin(), line.waiting.end(),
                     [least](const Waiting& one) { return one.message.severity == least; }));
  }
  const auto after =
      std::find_if(line.waiting.begin(), line.waiting.end(),
                   [&](const Waiting& one) { return one.message.severity < message.severity; });
  line.waiting.insert(after, {message, run_ + "-" + std::to_string(++count_)});
}

void Notifier::Take(const Message& message, base::Time now) {
  ++stats_.taken;
  if (IsRepetition(message, now)) {
    ++stats_.repeated;
    return;
  }
  for (size_t i = 0; i < channels_.size(); ++i) {
    if (Takes(channels_[i], message)) Enqueue(lines_[i], message);
  }
}

// The front of the queue; if it is one of many informations of a kind, all of these.
void Notifier::Next(Line& line, const Channel& channel) {
  line.under_way = std::move(line.waiting.front());
  line.waiting.pop_front();
  Message& first = line.under_way->message;
  if (first.severity != Severity::kInfo || channel.type == ChannelType::kPagerDuty) return;
  const auto same = [&first](const Waiting& one) {
    return one.message.kind == first.kind && one.message.severity == Severity::kInfo;
  };
  const auto more =
      static_cast<size_t>(std::count_if(line.waiting.begin(), line.waiting.end(), same));
  if (more + 1 <= options_.digest_above) return;
  std::string text = first.title;
  size_t lines = 1;
  for (const Waiting& one : line.waiting) {
    if (!same(one)) continue;
    if (lines < kMaxDigestLines) text += "\n" + one.message.title;
    ++lines;
  }
  if (lines > kMaxDigestLines) text += "\nand " + std::to_string(lines - kMaxDigestLines) + " more";
  std::erase_if(line.waiting, same);
  stats_.put_together += more;
  first.title = std::to_string(lines) + " messages of kind " + std::string(Name(first.kind));
  first.text = std::move(text);
  first.link.clear();
}

void Notifier::Refill(Line& line, const Channel& channel, base::Time now) const {
  if (now <= line.refilled) return;
  line.tokens = std::min<double>(channel.per_minute,
                                 line.tokens + channel.per_minute * Minutes(now - line.refilled));
  line.refilled = now;
}

std::vector<Notifier::Send> Notifier::Due(base::Time now) {
  std::vector<Send> out;
  for (size_t i = 0; i < lines_.size(); ++i) {
    Line& line = lines_[i];
    Refill(line, channels_[i], now);
    if (line.sending || now < line.not_before || line.tokens < 1) continue;
    if (!line.under_way) {
      if (line.waiting.empty()) continue;
      Next(line, channels_[i]);
      line.attempts = 0;
      line.began = now;
    }
    line.tokens -= 1;
    line.sending = true;
    ++line.attempts;
    out.push_back({i, line.under_way->delivery, line.under_way->message});
  }
  return out;
}

base::Duration Notifier::Pause(uint32_t attempts) {
  base::Duration pause = options_.first_pause;
  for (uint32_t i = 1; i < attempts && pause < options_.longest_pause; ++i) pause *= 2;
  pause = std::min(pause, options_.longest_pause);
  return base::Duration(rng_.Between(pause.count() / 2, pause.count()));
}

void Notifier::Done(size_t channel, const Outcome& outcome, base::Time now) {
  Line& line = lines_[channel];
  GANNET_CHECK(line.sending, "nothing is under way");
  line.sending = false;
  if (outcome.fate == Fate::kSent) {
    ++stats_.sent;
    line.failures = 0;
    line.trouble.clear();
    line.under_way.reset();
    return;
  }
  ++line.failures;
  line.trouble = outcome.why;
  if (outcome.fate == Fate::kRefused) {
    ++stats_.refused;
    line.under_way.reset();
  } else if (now - line.began >= options_.give_up) {
    ++stats_.gave_up;
    line.under_way.reset();
  } else {
    ++stats_.retried;
    line.not_before =
        now + std::max(outcome.wait.value_or(base::Duration(0)), Pause(line.attempts));
  }
}

std::optional<base::Time> Notifier::NextDue(base::Time now) const {
  std::optional<base::Time> next;
  for (size_t i = 0; i < lines_.size(); ++i) {
    const Line& line = lines_[i];
    if (line.sending || (!line.under_way && line.waiting.empty())) continue;
    base::Time due = std::max(now, line.not_before);
    if (line.tokens < 1) {
      const double wait = (1 - line.tokens) / channels_[i].per_minute * 60;
      due = std::max(due,
                     line.refilled + base::Duration(static_cast<int64_t>(wait * 1e9) + 1'000'000));
    }
    next = next ? std::min(*next, due) : due;
  }
  return next;
}

size_t Notifier::waiting() const {
  size_t count = 0;
  for (const Line& line : lines_) count += line.waiting.size() + (line.under_way ? 1 : 0);
  return count;
}

}  // namespace gannet::notify
