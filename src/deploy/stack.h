// A stack of CloudFormation: what would become of it, shown before it does.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "deploy/network.h"

namespace deploy {

/// One thing of the stack, or of one that is in it, that is to change.
struct Change {
  std::string stack, resource, type, action, replacement;
};

/// A change set that was made and not carried out.
struct ChangeSet {
  std::string id;
  std::vector<Change> changes;  ///< empty: there is nothing to do
};

/// Not thread-safe. Names as in the API reference of AWS CloudFormation.
class Stack {
 public:
  Stack(provider::aws::Service& service, std::string name) : service_(service), name_(std::move(name)) {}

  /// {StackId, StackStatus, Parameters, Outputs, …}; nothing where there is none.
  std::optional<Json> find();
  /// What of it would change. `parameters` are given anew; those that the stack has, and are not given, stay
  /// as they are, where is_parameter() says that the template still has them. Throws StackRefused, with
  /// CloudFormation's reason.
  ChangeSet propose(const std::string& template_url, const Parameters& parameters, const std::string& name,
                    const std::function<bool(const std::string&)>& is_parameter);
  /// Removes a change set, and a stack that it alone would have made.
  void drop(const ChangeSet& set);
  /// Carries it out; `tell` hears each event of the stack. Throws StackFailed, with the reason of what failed
  /// first, and Interrupted when `stop` is asked for: CloudFormation goes on then.
  void carry_out(const ChangeSet& set, const std::function<void(const Json& event)>& tell,
                 const std::stop_token& stop);

 private:
  Json ask(const std::string& operation, Json input);
  std::vector<Change> changes(const std::string& set, const std::string& of);
  std::vector<Json> events(const std::string& stack, const std::string& after);
  std::string reason(const std::string& stack, const std::string& since);

  provider::aws::Service& service_;
  std::string name_;
};

}  // namespace deploy
