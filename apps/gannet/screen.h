// The terminal view of `gannet run`: the gateway's view as text, refreshed in place
// on a terminal, as plain lines otherwise. Pure: it makes strings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "services/gateway/view.h"

namespace gannet::app {

struct ScreenSize {
  int columns = 100;
  int rows = 40;
};

struct ScreenHeadline {  // the line on top
  std::string mode;      // "paper on venue-sim"
  std::string health;    // "serving"
  std::string address;   // of the page
  std::string sign_in;   // how, at the very first start; empty later
  base::Duration running{0};
};

// At most `size.rows` lines of at most `size.columns` cells each, without line
// breaks. `colour`: ANSI attributes are added (they take no cells).
std::vector<std::string> DrawScreen(const gateway::View& view, const ScreenHeadline& headline,
                                    base::Time now, ScreenSize size, bool colour);

// What has happened since the last call, one line an event: signals, orders whose
// state changed, fills; and at most every ten seconds a summary and what is predicted.
class PlainLines {
 public:
  std::vector<std::string> Take(const gateway::View& view, const ScreenHeadline& headline,
                                base::Time now);

 private:
  uint64_t signals_ = 0, fills_ = 0;
  base::Time next_summary_ = base::Time::min();
};

}  // namespace gannet::app
