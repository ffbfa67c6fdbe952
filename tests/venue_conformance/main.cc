// Compares the requests that our adapters make with recorded ones of an independent
// client, row by row:
//
//   venue_request_conformance --rows FILE [--markets VENUE=FILE]… [--key KEY --secret SECRET]
//
// Prints every difference and every call that cannot be compared, then
// `equal=N different=N unsupported=N`. Markets: <venue>-markets.json beside FILE
// unless named. Key and secret: those of the recording, a published example pair
// unless named.
//
// Exit codes: 0 no difference but the deliberate ones; 1 differences; 2 bad usage or
// file; 4 FILE is not there.
#include <unistd.h>

#include <iostream>
#include <map>

#include "libs/base/posix_files.h"
#include "tests/venue_conformance/compare.h"

namespace {

using namespace gannet;
using namespace gannet::venue::conformance;

constexpr int kDifferent = 1, kUsage = 2, kMissing = 4;

struct Options {
  std::string rows;
  std::map<std::string, std::string> markets;
  Credentials credentials{"vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
                          "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"};
};

bool Parse(int argc, char** argv, Options& out) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--rows") {
      out.rows = value;
    } else if (name == "--key") {
      out.credentials.key = value;
    } else if (name == "--secret") {
      out.credentials.secret = value;
    } else if (name == "--markets" && value.find('=') != std::string::npos) {
      out.markets[value.substr(0, value.find('='))] = value.substr(value.find('=') + 1);
    } else {
      return false;
    }
  }
  return argc % 2 == 1 && !out.rows.empty();
}

std::string Beside(const std::string& rows, const std::string& venue) {
  const size_t slash = rows.rfind('/');
  return (slash == std::string::npos ? "" : rows.substr(0, slash + 1)) + venue + "-markets.json";
}

int Run(const Options& options) {
  const auto rows = ReadRows(options.rows);
  if (!rows.ok()) {
    std::cerr << rows.status().message() << "\n";
    return kUsage;
  }
  std::map<std::string, Markets> markets;
  size_t equal = 0, different = 0, deliberate = 0, unsupported = 0, signatures = 0, theirs = 0;
  for (const Row& row : *rows) {
    if (!markets.contains(row.venue)) {
      const auto named = options.markets.find(row.venue);
      const std::string path =
          named == options.markets.end() ? Beside(options.rows, row.venue) : named->second;
      if (access(path.c_str(), R_OK) != 0) {
        std::cerr << path << " is absent: amounts and prices of " << row.venue
                  << " are not rounded; name its markets with --markets " << row.venue << "=FILE\n";
      }
      const auto read = ReadMarkets(path);
      if (!read.ok()) {
        std::cerr << read.status().message() << "\n";
        return kUsage;
      }
      markets[row.venue] = *read;
    }
    const Comparison result = Compare(row, markets[row.venue], options.credentials);
    const std::string place = "line " + std::to_string(row.line) + " " + row.venue + " \"" +
                              row.name + "\" " + row.method + ": ";
    signatures += result.signed_request;
    theirs += result.their_signature;
    switch (result.verdict) {
      case Verdict::kEqual:
        ++equal;
        break;
      case Verdict::kDifferent:
        ++different;
        deliberate += result.deliberate;
        for (const std::string& text : result.differences)
          std::cout << "different " << place << text << "\n";
        break;
      case Verdict::kUnsupported:
        ++unsupported;
        std::cout << "unsupported " << place << result.reason << "\n";
        break;
    }
  }
  std::cout << "signed=" << signatures << " of which the recorded signature recomputes=" << theirs
            << "\ndeliberate=" << deliberate << " of the different ones\nequal=" << equal
            << " different=" << different << " unsupported=" << unsupported << "\n";
  return different == deliberate ? 0 : kDifferent;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!Parse(argc, argv, options)) {
    std::cerr << "usage: venue_request_conformance --rows FILE [--markets VENUE=FILE]… "
                 "[--key KEY --secret SECRET]\n";
    return kUsage;
  }
  if (base::PosixFiles files; !files.Exists(options.rows)) {
    std::cerr << "SKIPPED: " << options.rows << " not present\n";
    return kMissing;
  }
  return Run(options);
}
