// A package brought into an account: uploaded, and made a stack of.
#pragma once

#include "deploy/package.h"
#include "deploy/stack.h"
#include "runs/amazon_services.h"

namespace deploy {

struct Target {
  std::string bucket, stack = "awssoldb";
  Parameters parameters;
};

/// Where CloudFormation reads a package's parent template.
std::string template_url(const runs::AmazonAccount& account, const Target& target);

/// All parameters: those that are given, the bucket, the package's release, and for a stack that is not there
/// yet the network. Throws BadInput for a parameter that the template does not have.
Parameters parameters_of(runs::AmazonAccount& account, const Target& target, const Package& package,
                         bool is_new);

bool has_parameter(const Package& package, const std::string& name);

/// Puts into the bucket what it does not have yet, functions above all, and the templates in any case. `tell`
/// hears each key. Throws BadInput for a bucket of another Region, or none.
void upload(runs::AmazonAccount& account, const std::string& bucket, const Package& package,
            const std::function<void(const std::string& key)>& tell);

}  // namespace deploy
