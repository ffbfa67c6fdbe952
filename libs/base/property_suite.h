// Property tests with RapidCheck, the same on every run: the seed follows from
// the property's name. Tests only. More cases, or another seed, by hand:
//   RC_PARAMS="max_success=10000 seed=7" build/ci/bin/<test>
// Example:
//   CHECK(base::Holds("addition commutes", [](int a, int b) { RC_ASSERT(a + b == b + a); }));
#pragma once

#include <rapidcheck.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

namespace gannet::base {

template <class Testable>
bool Holds(const std::string& name, Testable&& testable) {
  rc::detail::TestParams params;
  if (std::getenv("RC_PARAMS") != nullptr) {
    params = rc::detail::configuration().testParams;
  } else {
    params.seed = 14695981039346656037ULL;  // FNV-1a of the name
    for (const char c : name)
      params.seed = (params.seed ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  const rc::detail::TestResult result =
      rc::detail::checkProperty(rc::detail::toProperty(std::forward<Testable>(testable)),
                                rc::detail::TestMetadata{name, name}, params);
  if (result.template is<rc::detail::SuccessResult>()) return true;
  std::cerr << "property '" << name << "', seed " << params.seed << ":\n";
  rc::detail::printResultMessage(result, std::cerr);
  std::cerr << "\n";
  return false;
}

}  // namespace gannet::base
