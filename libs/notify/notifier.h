// Decides what goes out when: repetitions are dropped, each channel has a rate, what waits too
// long is put together, what failed is tried again with growing pauses. Pure: time comes in,
// nothing is sent here. A page goes before a ticket, a ticket before an information.
//
//   notifier.Take(message, now);
//   for (Notifier::Send& send : notifier.Due(now)) … send it …
//   notifier.Done(send.channel, outcome, now);
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/rng.h"
#include "libs/base/time.h"
#include "libs/notify/channel.h"
#include "libs/notify/message.h"

namespace gannet::notify {

struct NotifierOptions {
  base::Duration repetition = std::chrono::minutes(5);  // the same again within it is dropped
  base::Duration give_up = std::chrono::hours(1);       // after the first attempt
  base::Duration first_pause = std::chrono::seconds(1);
  base::Duration longest_pause = std::chrono::minutes(5);
  size_t max_waiting = 500;  // messages a channel
  size_t digest_above = 5;   // so many informations of a kind that wait become one message
};

class Notifier {
 public:
  static constexpr size_t kMaxKeys = 10'000;     // whose last time is kept
  static constexpr size_t kMaxDigestLines = 20;  // of one message that stands for many

  struct Send {
    size_t channel;
    std::string delivery;  // the same at each attempt
    Message message;
  };
  struct Stats {
    uint64_t taken = 0, repeated = 0, put_together = 0, sent = 0, retried = 0;
    uint64_t refused = 0;  // by the service, for good
    uint64_t gave_up = 0;
    uint64_t dropped = 0;  // a full queue's least urgent, oldest first
  };

  // `run` tells the deliveries of this run from those of others.
  Notifier(std::vector<Channel> channels, NotifierOptions options, base::Rng rng, std::string run);

  const std::vector<Channel>& channels() const { return channels_; }
  void Take(const Message& message, base::Time now);
  // What is to be sent now: at most one message a channel is under way.
  std::vector<Send> Due(base::Time now);
  // Of what Due has handed out for the channel.
  void Done(size_t channel, const Outcome& outcome, base::Time now);
  // When Due has something again; none: not before Take or Done.
  std::optional<base::Time> NextDue(base::Time now) const;

  size_t waiting() const;  // under way too
  const Stats& stats() const { return stats_; }
  // Why the channel's newest attempts failed; empty when the last one did not.
  const std::string& trouble(size_t channel) const { return lines_[channel].trouble; }
  uint32_t failures(size_t channel) const { return lines_[channel].failures; }

 private:
  struct Waiting {
    Message message;
    std::string delivery;
  };
  struct Line {
    std::deque<Waiting> waiting;  // most urgent first, then oldest
    std::optional<Waiting> under_way;
    bool sending = false;  // handed out; otherwise `under_way` waits for `not_before`
    uint32_t attempts = 0;
    base::Time began{};
    base::Time not_before{};
    double tokens = 0;
    base::Time refilled{};
    uint32_t failures = 0;
    std::string trouble;
  };

  bool IsRepetition(const Message& message, base::Time now);
  void Enqueue(Line& line, const Message& message);
  void Next(Line& line, const Channel& channel);
  void Refill(Line& line, const Channel& channel, base::Time now) const;
  base::Duration Pause(uint32_t attempts);

  const std::vector<Channel> channels_;
  const NotifierOptions options_;
  base::Rng rng_;
  const std::string run_;
  uint64_t count_ = 0;
  std::vector<Line> lines_;
  struct Seen {
    bool resolved = false;
    std::string state;
    base::Time at;
  };
  std::map<std::string, Seen> seen_;  // by key
  Stats stats_;
};

}  // namespace gannet::notify
