// What would keep a refresh from working in this account, found without changing anything.
#pragma once

#include <set>

#include "provider/aws/account.h"

namespace provider::aws {

/// DatabaseService::check(). The questions of one plan; not thread-safe.
class Objections {
 public:
  explicit Objections(Account& account) : account_(account), budget_(account.service.own_budget()) {}

  std::vector<Objection> check(const Intent& intent);

 private:
  void object(Objection::About about, std::string message,
              Objection::Weight weight = Objection::Weight::problem) {
    out_.push_back({.about = about, .message = std::move(message), .weight = weight});
  }
  void shape(const char* field, std::string message, Objection::Weight weight = Objection::Weight::problem) {
    out_.push_back({Objection::About::shape, field, std::move(message), weight});
  }
  void check_engine(const Intent& intent, const Json& source);
  void check_origin(const RestoreRequest& request, const Json& source);
  void check_certificates(const Json& source);
  void check_retention(const RestoreRequest& request, const Json& source);
  void check_old(const Json& old);
  void count_connections(const Json& old);
  void check_network(const Intent& intent);
  std::vector<std::string> against_groups(const std::vector<std::string>& groups, const std::string& vpc);
  void check_quarantine(const std::string& vpc, int port);
  void check_script_host(const RestoreRequest& request);
  void check_replicas(const Intent& intent, const Json& model);

  // objections_snapshot.cpp
  void check_snapshot(const RestoreRequest& request);
  void check_shared_key(const Json& snapshot);
  void check_source_key(const Json& source);
  void check_own_key();
  void check_listening(const Listening& said);
  void check_key(Objection::About about, const std::string& whose, const std::string& key);
  void check_state(Objection::About about, const std::string& whose, const Json& key);

  // objections_offers.cpp
  void check_offers(const Intent& intent, const Json& source);
  void check_capacity(const Intent& intent, const Json& source, const Json* old);
  void check_parameter_group(const char* field, const std::string& name, bool of_cluster,
                             const std::string& engine, const std::string& version);
  void check_binary_log(const Intent& intent, const std::string& engine);
  void check_class(const char* field, const std::string& name, const std::string& engine,
                   const std::string& version, const std::string& storage);
  void check_quota(const Intent& intent);
  std::optional<Json> ask(const char* operation, const Json& input, const char* list);

  // objections_source.cpp
  std::optional<Json> find_source(const Fleet& fleet, const std::string& id);
  bool is_refused_elsewhere(const Fleet& fleet, const RestoreRequest& request, const Json& source);
  bool is_default_key_there(const std::string& key);
  void say_why_not_shared(const RestoreRequest& request);

  Account& account_;
  Budget budget_;
  std::vector<Objection> out_;
  std::set<std::string> admitted_;  ///< of our addresses, by the new database's quarantine group
  std::set<std::pair<std::string, int>> quarantines_;  ///< that were looked at: VPC and port
};

}  // namespace provider::aws
