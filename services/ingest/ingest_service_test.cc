#include "services/ingest/ingest_service.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::ingest {
namespace {

class PartForTest : public IngestPart {
 public:
  PartForTest(absl::Status start, runtime::HealthState state, std::string reason, int& stopped)
      : start_(std::move(start)), health_{state, {std::move(reason)}}, stopped_(stopped) {}
  absl::Status Start() override { return start_; }
  void Drain(std::function<void()> done) override {
    ++stopped_;
    done();
  }
  runtime::Health health() const override { return health_; }

 private:
  absl::Status start_;
  runtime::Health health_;
  int& stopped_;
};

}  // namespace

TEST_CASE(
    "IngestService starts and stops its parts and reports the worst health with all reasons") {
  int stopped = 0;
  std::vector<std::unique_ptr<IngestPart>> parts;
  parts.push_back(std::make_unique<PartForTest>(absl::OkStatus(), runtime::HealthState::kDegraded,
                                                "one", stopped));
  parts.push_back(std::make_unique<PartForTest>(absl::OkStatus(), runtime::HealthState::kServing,
                                                "two", stopped));
  IngestService service(std::move(parts));
  CHECK(service.name() == "ingest");
  CHECK(service.Start().ok());
  CHECK(service.health().state == runtime::HealthState::kDegraded);
  CHECK(service.health().reasons == std::vector<std::string>{"one", "two"});
  bool done = false;
  service.Drain([&] { done = true; });
  CHECK(done);
  CHECK(stopped == 2);
  IngestService empty({});
  done = false;
  empty.Drain([&] { done = true; });
  CHECK(done);
}

TEST_CASE("IngestService hands up the first error of a start") {
  int stopped = 0;
  std::vector<std::unique_ptr<IngestPart>> parts;
  parts.push_back(std::make_unique<PartForTest>(absl::InvalidArgumentError("bad url"),
                                                runtime::HealthState::kNotServing, "", stopped));
  IngestService service(std::move(parts));
  CHECK(service.Start().code() == absl::StatusCode::kInvalidArgument);
}

}  // namespace gannet::ingest
