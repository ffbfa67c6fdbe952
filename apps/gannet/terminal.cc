#include "apps/gannet/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

namespace gannet::app {
namespace {

constexpr char kHome[] = "\x1b[H", kClear[] = "\x1b[2J", kClearLine[] = "\x1b[K",
               kClearBelow[] = "\x1b[J";
constexpr char kHideCursor[] = "\x1b[?25l", kShowCursor[] = "\x1b[?25h";

}  // namespace

Terminal::Terminal(int fd, std::ostream& out, bool plain)
    : fd_(fd), out_(out), screen_(!plain && isatty(fd) == 1) {}

Terminal::~Terminal() {
  if (drawn_) out_ << kShowCursor << "\n" << std::flush;
}

ScreenSize Terminal::Size() const {
  winsize size{};
  if (ioctl(fd_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {std::max<int>(size.ws_col, 20), std::max<int>(size.ws_row - 1, 5)};
}

void Terminal::Draw(const gateway::View& view, const ScreenHeadline& headline, base::Time now) {
  if (!screen_) {
    for (const std::string& line : lines_.Take(view, headline, now)) out_ << line << "\n";
    out_ << std::flush;
    return;
  }
  if (!drawn_) out_ << kHideCursor << kClear;
  drawn_ = true;
  std::string frame = kHome;
  for (const std::string& line : DrawScreen(view, headline, now, Size(), /*colour=*/true))
    frame += line + kClearLine + "\r\n";
  frame.resize(frame.size() - 2);  // no line break after the last line: the screen must not scroll
  out_ << frame << kClearBelow << std::flush;
}

}  // namespace gannet::app
