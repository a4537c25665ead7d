// What binds a copy to others: it would go on doing for production what production does.
#pragma once

#include "sql/connection.h"

namespace provider::aws {

/// In the session's database of a PostgreSQL server, as the master user: drops subscriptions, without a word
/// to their publishers, whose slots are production's; drops the logins and passwords for foreign servers,
/// with which a copy would open what they open for production; stops the master user's jobs of pg_cron.
/// Throws TiesRemain where that cannot be done, by name.
void cut_ties(sql::Connection& session);

/// Of MySQL 5.7 and later, and of MariaDB, as the master user: ends replication from other servers, and
/// forgets where they are and what opens them, by RDS's own procedures (Amazon RDS User Guide, "Configuring,
/// starting, and stopping binary log replication", "Managing multi-source replication"). Throws TiesRemain
/// where a channel stays, by its source.
void cut_replication(sql::Connection& session);

}  // namespace provider::aws
