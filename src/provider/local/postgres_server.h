// A PostgreSQL server of ours. Also what aurora-postgresql means on this host.
#pragma once

#include "provider/local/server.h"

namespace provider::local {

class PostgresServer final : public Server {
 public:
  using Server::Server;

  std::vector<std::string> missing_programs() const override;
  void initialise(const base::Json& settings, const Budget& budget) const override;
  void configure(bool open, const base::Json& settings) const override;
  void show_certificate() const override;
  void start(const Budget& budget) const override;
  void start_first(const std::string& superuser, const Budget& budget) const override;
  void remove_remains(const Budget& budget) const override;
  sql::Endpoint socket_endpoint() const override;
  sql::Endpoint administrator_endpoint() const override;
  void create_database(const std::string& name, const std::string& owner) const override;
  void set_master_login(const std::string& user, const base::Secret& password,
                        const Budget& budget) const override;
  std::string vet(const std::string& master, bool strict, const Budget& budget) const override;
  sql::Endpoint admit_scripts(const std::string& master) const override;
  void forget_past() const override;
  void gather_statistics(const Budget& budget) const override;
  base::Json settings_of(sql::Connection& source) const override;
  std::string superuser_of(sql::Connection& source) const override;
  os::Command receiver(const sql::Endpoint& source) const override;
  std::uint64_t size_of(sql::Connection& source) const override;
  std::vector<std::string> outside_of_data(sql::Connection& source) const override;
  std::vector<base::Problem> objections(sql::Connection& session, const CopySource& from) const override;
  bool has_log(const LogSource& log) const override;
  void drop_log_before(const LogSource& log) const override;
  void start_replaying(const LogSource& log, base::Time until, const base::Json& settings,
                       const Budget& budget) const override;
  base::Json follow(const Server& primary) const override;
  void begin_replication(const Server& primary, const Copied& copied) const override;
  void end_replication(const Server& primary) const override;
  bool in_step_with(const Server& primary) const override;

  /// The role that is ours in every server of ours.
  static constexpr const char* administrator = "dbrefresh_admin";
  /// The role of scripts, in closed copies while they run.
  static constexpr const char* script_role = "dbrefresh_scripts";

 private:
  const char* program() const override { return "postgres"; }
  int stop_signal() const override;
  bool is_error(const std::string& log_line) const override;
  bool is_child(const std::string& title) const override { return title.starts_with("postgres: "); }

  os::fs::path settings_file() const { return folder() / "server.cnf"; }
  /// Who may log in how. `also` is a role that the operating system lets us be, until we have our own.
  void write_access(bool open, const std::string& also) const;
  std::string network_access() const;
  std::unique_ptr<sql::Connection> log_in(const std::string& role, const std::string& database) const;
  std::unique_ptr<sql::Connection> as_administrator(const std::string& database) const;
  /// Those that let anybody in.
  static std::vector<std::string> databases(sql::Connection& admin);
  /// In all that can be entered, those that let nobody in as well: their owners can open them.
  void in_every_database(const std::function<void(sql::Connection&)>& work) const;
  /// Takes away what admit_scripts() gave; what scripts made is the master's. Nothing given is no error.
  void end_scripts() const;
  /// Whoever prepared one could commit it after the masking, and its rows were never masked; until then it
  /// keeps us and scripts from what it has locked.
  void roll_back_prepared(sql::Connection& admin) const;
  /// Of new data, or of a copy: `session` is the first one, of `superuser` or of our administrator.
  void take_over(std::unique_ptr<sql::Connection> session, const std::string& superuser) const;
  /// Lets a program of the server user log in to `source`: its password stands in `file`, which that user
  /// alone can read, and neither in an environment nor in arguments.
  void use_password_file(os::Command& command, const sql::Endpoint& source, const os::fs::path& file) const;
  void await_orphans(const Budget& budget) const;
  void remove_stale_locks() const;
  os::ProcessId launch(const Budget& budget) const;
  /// Starts it and waits until it is ready; a session of the first of `roles` that may log in.
  std::unique_ptr<sql::Connection> start_as(const std::vector<std::string>& roles,
                                            const Budget& budget) const;
  std::string archive_settings() const;
  /// Starts it in recovery, as one of `superuser` and ours; `target` as in recovery_target_time, "" for the
  /// end of the log.
  std::unique_ptr<sql::Connection> replay_to(const std::string& target, const std::string& superuser,
                                             const base::Json& settings, const Budget& budget) const;
  void fetch_rest(const sql::Endpoint& source, const os::fs::path& to, const Budget& budget) const;
  Copied clone(sql::Connection& session, const CopySource& source, const os::fs::path& target,
               const Budget& budget) const override;
  Copied hot_copy(const CopySource& source, const os::fs::path& target, const Budget& budget) const override;
};

/// A program of the newest PostgreSQL here, or of the major version that made `data`; "" if it is missing.
os::fs::path postgres_program(const std::string& name, const os::fs::path& data = {});

}  // namespace provider::local
