// Copies from another Region: RDS reads the source on our behalf, by a request that we have signed for it.
#pragma once

#include "aws/credentials.h"
#include "aws/endpoint.h"

namespace aws {

/// Does `input` name a SourceRegion, which is no member of the model, where the operation takes a
/// PreSignedUrl?
bool has_source_region(const Operation& operation, const base::Json& input);

/// `input` with a PreSignedUrl in the place of SourceRegion; with nothing in its place where that is `region`
/// itself. ("PreSignedUrl" in the RDS API's CopyDBSnapshot.)
base::Json with_source_url(const Service& service, const Operation& operation, base::Json input,
                           const std::string& region, const EndpointRules& rules, const Credentials& who,
                           base::Time now);

}  // namespace aws
