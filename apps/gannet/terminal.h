// Puts the view on standard output: a screen redrawn in place on a terminal,
// plain lines elsewhere.
#pragma once

#include <iosfwd>
#include <string>

#include "apps/gannet/screen.h"

namespace gannet::app {

class Terminal {
 public:
  // `fd` is looked at (is it a terminal, how large), `out` is written to.
  Terminal(int fd, std::ostream& out, bool plain);
  // Shows the cursor again and leaves the last picture standing.
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void Draw(const gateway::View& view, const ScreenHeadline& headline, base::Time now);
  bool screen() const { return screen_; }

 private:
  ScreenSize Size() const;

  const int fd_;
  std::ostream& out_;
  const bool screen_;
  bool drawn_ = false;
  PlainLines lines_;
};

}  // namespace gannet::app
