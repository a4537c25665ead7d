// A home with real servers, and verbs that are asked until they are done.
#pragma once

#include "provider/local/databases.h"
#include "provider/local/jobs.h"
#include "provider/local/stores.h"
#include "tests/port.h"
#include "tests/temporary.h"

namespace tests {

struct Host {
  explicit Host(const os::fs::path& root) : home(provider::local::open_home(root)) {}
  Host(const Host&) = delete;
  ~Host() {
    for (const auto kind : {provider::Kind::instance, provider::Kind::cluster})
      for (const auto& each : databases.find({.kind = kind})) remove(each.id);
  }

  provider::Budget budget() {
    return {clock, clock.now() + std::chrono::minutes(10), {}, [](const base::Note&) {}};
  }
  provider::Restored restore(provider::RestoreRequest request) {
    if (request.token.empty()) request.token = os::random_text(8);
    request.shape.port = any_port();
    return provider::local::finished(budget(), [&] { return databases.restore(request, budget()); });
  }
  /// A cluster's instance, or a replica.
  provider::Database create(const std::string& of, const std::string& name) {
    const provider::CreateRequest request{.token = os::random_text(8), .of = of, .name = name};
    return provider::local::finished(budget(), [&] { return databases.create(request, budget()); });
  }
  provider::Database make_so(const std::string& id, const provider::Desired& desired) {
    return provider::local::finished(budget(), [&] { return databases.make_so(id, desired, budget()); });
  }
  void remove(const std::string& id) {
    provider::local::finished(budget(), [&] { return databases.remove(id, budget()); });
  }

  base::SystemClock clock;
  provider::local::Home home;
  provider::local::Secrets secrets{home};
  provider::local::Databases databases{home, secrets, clock};
};

}  // namespace tests
