// What a copy would do by itself, at the hours of its source: send mails, call others, move money.
#pragma once

#include "sql/connection.h"

namespace provider::aws {

/// Disables the enabled events of MySQL and MariaDB that the master user, whose session it is, can see: all
/// where it may see every schema. Their definer becomes the master, because RDS's master may name no other.
/// Returns how many. Throws EventsRun where some are left, by name.
std::size_t stop_events(sql::Connection& session);

}  // namespace provider::aws
