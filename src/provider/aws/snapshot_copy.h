// A snapshot that another account shares, encrypted: RDS restores an instance from a copy of it alone.
#pragma once

#include "provider/aws/account.h"

namespace provider::aws {

/// Must this snapshot be copied before an instance is restored from it?
bool must_be_copied(const Account& account, const Json& snapshot);
/// The copy, once it is available, under a key that this account may use; it is named after the request.
Work<Json> copy_of(Account& account, const RestoreRequest& request, const Json& snapshot, const Json& model,
                   const Budget& budget);
/// Of a database that was restored from a copy, or is to be deleted: the copy goes. None is no error.
void forget_copy(Account& account, const Json& database, const Budget& budget);

}  // namespace provider::aws
