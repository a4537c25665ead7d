// Scripts on a host of EC2, by Systems Manager.
#pragma once

#include "provider/aws/stores.h"

namespace provider::aws {

/// The instance that runs scripts, as the original orchestrator finds it: by this tag.
inline constexpr const char *host_tag = "Name", *host_name = "DbRestore";
/// The document of Systems Manager that is run there.
inline constexpr const char* script_document = "AWS-RunShellScript";

/// An instance with the tag, as Systems Manager shows it.
struct ManagedHost {
  std::string id, address, platform, ping;
};
std::vector<ManagedHost> managed_hosts(Service& service, const Budget& budget);
/// What speaks against these as hosts of scripts; "" if there is one, and it can be used.
std::string objection_to_hosts(const std::vector<ManagedHost>& hosts);

/// ScriptHost of an account. Systems Manager knows no token of a request: an order whose answer was lost is
/// found by its name, which is the command's comment. Its id is `<command>@<instance>`. Both must outlive it.
class ScriptHosts : public ScriptHost {
 public:
  ScriptHosts(Service& service, DatabaseService& databases) : service_(service), databases_(databases) {}
  /// Throws NoScriptHost.
  std::string begin(const ScriptOrder& order) override;
  std::optional<std::string> find(const std::string& name) override;
  ScriptCourse look(const std::string& id) override;
  void cancel(const std::string& names) override;

 private:
  std::vector<Json> commands();

  Service& service_;
  DatabaseService& databases_;
};

}  // namespace provider::aws
