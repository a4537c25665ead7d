#include "provider/aws/script_text.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

namespace provider::aws {
namespace {

std::string shell_word(std::string_view word) {
  std::string out = "'";
  for (const char each : word) each == '\'' ? out += "'\\''" : out += each;
  return out + "'";
}

std::string shell_line(const char* name, const std::string& value) {
  return fmt::format("{}={}\n", name, shell_word(value));
}

/// The Region of an ARN: the AWS CLI of a host does not know where it is.
std::string region_in_arn(const std::string& arn) {
  const auto parts = base::split_list(arn, ':');
  return parts.size() > 3 ? parts[3] : "";
}

constexpr const char* beginning = R"sh(set -u
umask 077
fail() { printf 'dbrefresh: %s\n' "$1" >&2; exit 70; }
for each in aws python3 sha256sum sed awk tail mktemp; do
  command -v "$each" >/dev/null || fail "there is no $each on this host"
done
ca=${DBREFRESH_RDS_CA:-/usr/share/dbrefresh/rds-ca.pem}
[ -r "$ca" ] || fail "the certificates of RDS are not in $ca"
work=$(mktemp -d) || fail 'no folder can be made'
trap 'rm -rf "$work"' 0
trap 'exit 71' 1 2 15
cd "$work" || exit 70
aws s3 cp --only-show-errors "s3://$bucket/$key" script >/dev/null 2>said ||
  fail "s3://$bucket/$key cannot be read: $(tail -c 500 said)"
printf '%s  script\n' "$digest" | sha256sum -c --status ||
  fail "s3://$bucket/$key is not what it was when it was ordered: nothing was run"
sed 's/\r$//' script >plain || exit 70
if [ "$form" = lines ]; then
  awk '/^#/ || !NF { print ""; next } { print $0 ";" }' plain >script || exit 70
else
  mv plain script || exit 70
fi
word=$(aws secretsmanager get-secret-value --region "$region" --secret-id "$secret" \
  --version-stage "$stage" --query SecretString --output text 2>said) ||
  fail "the secret $secret cannot be read: $(tail -c 500 said)"
word=$(printf '%s' "$word" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["password"], end="")' 2>/dev/null) ||
  fail "the secret $secret is no JSON object with a password"
)sh";

/// The two clients prove who the server is by options of different names. The script stays out of the binary
/// log, as in leave_binary_log().
constexpr const char* by_mariadb = R"sh(client=$(command -v mariadb || command -v mysql) ||
  fail 'there is no mariadb and no mysql on this host'
if "$client" --version | grep -q MariaDB; then
  proof=--ssl-verify-server-cert
else
  proof=--ssl-mode=VERIFY_IDENTITY
fi
MYSQL_PWD=$word
export MYSQL_PWD
sql() {
  "$client" --no-defaults --batch --skip-column-names --binary-mode --default-character-set=utf8mb4 \
    --connect-timeout=10 "$proof" --ssl-ca="$ca" --host="$host" --port="$port" --user="$user" "$@"
}
changed() { sql --execute="$1; SELECT ROW_COUNT()" 2>said; }
script() {
  logged=$(sql --execute='SELECT @@log_bin' 2>said) || return 1
  [ "$logged" = 0 ] || set -- --init-command='SET SESSION sql_log_bin = OFF'
  sql "$@" --database="$schema" <script >/dev/null 2>said
}
spoken() {
  if grep -q '^ERROR' said; then
    sed -n -e 's/^\(ERROR [0-9]* ([0-9A-Z]*) at line [0-9]*\):.*/\1/' -e '/^ERROR/p' said
  else
    cat said
  fi | tail -c 1500
}
)sh";

constexpr const char* by_psql = R"sh(command -v psql >/dev/null || fail 'there is no psql on this host'
PGPASSWORD=$word PGHOST=$host PGPORT=$port PGUSER=$user PGSSLMODE=verify-full PGSSLROOTCERT=$ca
PGCONNECT_TIMEOUT=10 PGCLIENTENCODING=UTF8
export PGPASSWORD PGHOST PGPORT PGUSER PGSSLMODE PGSSLROOTCERT PGCONNECT_TIMEOUT PGCLIENTENCODING
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate "$@"; }
changed() { sql -d "$initial" -c "$1 RETURNING 1" 2>said; }
script() { sql -d "$schema" $together -f script >/dev/null 2>said; }
spoken() { tail -c 1500 said; }
)sh";

/// A client that fails after the mark was taken leaves it so: nobody begins once more.
constexpr const char* carrying_out = R"sh(word=
count=$(changed "$take") || fail "the database cannot be asked: $(spoken)"
[ "$count" = 1 ] || fail 'this order was taken or given up: nothing was run'
script
code=$?
if [ "$code" != 0 ]; then
  printf '%s: %s\n' "$key" "$(spoken)" >&2
  exit "$code"
fi
count=$(changed "$finish") || fail "the script ran, and the database cannot be told: $(spoken)"
[ "$count" = 1 ] || fail 'the script ran, and its order is gone'
)sh";

}  // namespace

std::string script_text(const ScriptOrder& order, const Database& database) {
  const bool postgres = family_of(database.engine) == "postgres";
  const auto initial = postgres && database.db_name.empty() ? std::string("postgres") : database.db_name;
  auto out = shell_line("bucket", order.bucket) + shell_line("key", order.key) +
             shell_line("digest", base::hex(base::sha256(order.text))) +
             shell_line("form", order.lines ? "lines" : "client") +
             shell_line("together", order.one_transaction ? "--single-transaction" : "") +
             shell_line("region", region_in_arn(database.arn)) + shell_line("secret", order.secret) +
             shell_line("stage", order.stage == SecretStore::Stage::pending ? "AWSPENDING" : "AWSCURRENT") +
             shell_line("host", database.host) + shell_line("port", std::to_string(database.port)) +
             shell_line("user", database.master_user) + shell_line("initial", initial) +
             shell_line("schema", order.schema.empty() ? initial : order.schema) +
             shell_line("take", order.take) + shell_line("finish", order.finish) + beginning +
             (postgres ? by_psql : by_mariadb) + carrying_out;
  // Systems Manager puts values of its own in the place of these (user guide, Parameter Store).
  if (out.find("{{") != std::string::npos)
    throw base::Error("BadScriptName", fmt::format("'{}': no name may have '{{{{' in it", order.key));
  return out;
}

std::string shown_text(const std::string& text) {
  const auto end = text.find("set -u\n");
  return end == std::string::npos ? text : text.substr(0, end) + "...";
}

}  // namespace provider::aws
