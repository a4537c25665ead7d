// What a host of scripts is told to do.
#pragma once

#include "provider/provider.h"

namespace provider::aws {

/// A text for a POSIX shell on a Linux host that has the AWS CLI with a role of its own, python3, the
/// engine's client and RDS's certificates (`/usr/share/dbrefresh/rds-ca.pem`, or DBREFRESH_RDS_CA there). It
/// reads the password from the secret, and takes the order's mark before it runs anything: an order that
/// comes a second time, or after it was given up, ends without a statement. Of what a server says, values of
/// rows are left out: Systems Manager keeps it for a month.
std::string script_text(const ScriptOrder& order, const Database& database);
/// Of such a text, what is of this order alone.
std::string shown_text(const std::string& text);

}  // namespace provider::aws
