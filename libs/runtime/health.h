// The health of a process: that of its services and of what it stands on. Read by
// the gateway, health checks and load balancers.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "libs/runtime/service.h"

namespace gannet::runtime {

class HealthBoard {
 public:
  using Source = std::function<Health()>;
  // `source` is asked at each reading; what it refers to must outlive the board.
  void Add(std::string name, Source source) {
    sources_.emplace_back(std::move(name), std::move(source));
  }
  // For good: a process that drains never serves again.
  void SetDraining() { draining_ = true; }
  bool draining() const { return draining_; }

  // The worst of all, its reasons with the name before them; before anything was
  // added, and while draining, kNotServing.
  Health Overall() const;
  // Each by name, in the order added; while draining none is asked.
  std::vector<std::pair<std::string, Health>> Each() const;

 private:
  std::vector<std::pair<std::string, Source>> sources_;
  bool draining_ = false;
};

}  // namespace gannet::runtime
