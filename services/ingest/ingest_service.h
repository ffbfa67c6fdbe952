// Hosts the parts of ingest: one market session a venue, and news sources. A part
// owns its edges; the service starts them, stops them and sums up their health.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "libs/runtime/service.h"

namespace gannet::ingest {

class IngestPart {
 public:
  virtual ~IngestPart() = default;
  virtual absl::Status Start() = 0;
  // Stops intake and calls `done` (once); inputs already delivered have been decided.
  virtual void Drain(std::function<void()> done) = 0;
  virtual runtime::Health health() const = 0;
};

class IngestService : public runtime::Service {
 public:
  explicit IngestService(std::vector<std::unique_ptr<IngestPart>> parts)
      : parts_(std::move(parts)) {}

  std::string_view name() const override { return "ingest"; }
  absl::Status Start() override;
  void Drain(std::function<void()> done) override;
  // The worst of its parts, with all reasons.
  runtime::Health health() const override;

 private:
  std::vector<std::unique_ptr<IngestPart>> parts_;
};

}  // namespace gannet::ingest
